/** Everything this package throws on purpose: one class, and one table of codes. */
import type { FlowStatus } from "./types.ts";

/** Every code with what it means. Match on `code`; messages are for people and may change. */
export const errorCodes = {
  ERR_BAD_STATE: "The call is not legal in this state: nothing to acquire in time, not connected yet, or over.",
  ERR_BAD_ACCESS: "The caller may not do that: wrong role, or no permission on the socket.",
  ERR_BAD_ATTRIBUTE: "There is no such attribute.",
  ERR_BAD_PARAMETER: "A value is out of its range or of the wrong type; the message says what was expected.",
  ERR_BAD_MATCH: "The two ends cannot work together, for example because of the frame format.",
  ERR_BAD_ALLOC: "No memory, no file descriptor or no slot is left.",
  ERR_BAD_STREAM: "The object was closed.",
  ERR_RESOURCE_BUSY: "In use: the name is taken, the producer is connected, or one acquire already waits.",
  ERR_NOT_FOUND: "There is no such stream, or not yet.",
  ERR_REFUSED: "The producer does not accept this connection; the message carries its reason.",
  ERR_BAD_PROTOCOL: "The peer sent something that is not this protocol, or another version of it.",
  ERR_SYSTEM: "A system call failed; the message names it.",
  ERR_TIMEOUT: "It did not happen within timeoutMs.",
  ERR_ABORTED: "The AbortSignal ended the wait.",
  ERR_CLOSED: "The stream ended, or the other end is gone.",
  ERR_EVICTED: "The producer ended this connection: lag, stall, a broken page, or evict().",
  ERR_PRODUCER_LOST: "The producer died or closed without closeInput().",
  ERR_NO_BINDING: "The native part of this package could not be loaded; the message says what to do.",
} as const;

export type ErrorCode = keyof typeof errorCodes;

/** Shared by every installed copy of this package, so that `instanceof` holds across copies. */
const brand = Symbol.for("edgestream.StreamError");

export interface StreamErrorOptions {
  /** Set when the stream's flow is the reason, not a mistake. */
  reason?: Exclude<FlowStatus, "ok"> | undefined;
  cause?: unknown;
}

/**
 * The one error class.
 * @example
 * try {
 *   await consumer.acquire({ timeoutMs: 50 });
 * } catch (error) {
 *   if (!(error instanceof StreamError) || error.reason !== "timeout") throw error;
 * }
 */
export class StreamError extends Error {
  override readonly name = "StreamError";
  readonly code: ErrorCode;
  /** What a flow verb such as `next` would have said as `status`; undefined for mistakes and faults. */
  readonly reason: Exclude<FlowStatus, "ok"> | undefined;

  constructor(code: ErrorCode, message: string, options: StreamErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.reason = options.reason;
    Object.defineProperty(this, brand, { value: true });
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    // A subclass inherits this method; it must still test for itself.
    // biome-ignore lint/complexity/noThisInStatic: the receiver of instanceof is the question here.
    if (this !== StreamError) return Function.prototype[Symbol.hasInstance].call(this, value);
    return typeof value === "object" && value !== null && brand in value;
  }
}

export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === "string" && Object.hasOwn(errorCodes, code);
}

/** The addon throws plain errors with a `code`; a StreamError and anything unknown passes through unchanged. */
export function wrapNativeError(error: unknown): unknown {
  if (error instanceof StreamError || !(error instanceof Error)) return error;
  const code: unknown = (error as { code?: unknown }).code;
  return isErrorCode(code) ? new StreamError(code, error.message) : error;
}

/** Runs one native call; what it throws comes out as StreamError. */
export function native<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw wrapNativeError(error);
  }
}
