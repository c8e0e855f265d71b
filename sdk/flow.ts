/** The core's result numbers as words. */
import { type ErrorCode, StreamError } from "./base/errors.ts";
import type { DisconnectCause, FlowStatus } from "./base/types.ts";
import type { GiveUp } from "./wait.ts";

/** Why nothing came. */
export type NoFrame = Exclude<FlowStatus, "ok">;

/** es_result, from 0 up. */
const flows: readonly FlowStatus[] = ["ok", "would-block", "timeout", "closed", "evicted", "aborted"];

/** es_result, from -1 down. */
const faults: readonly ErrorCode[] = [
  "ERR_BAD_STATE",
  "ERR_BAD_ACCESS",
  "ERR_BAD_ATTRIBUTE",
  "ERR_BAD_PARAMETER",
  "ERR_BAD_MATCH",
  "ERR_BAD_ALLOC",
  "ERR_BAD_STREAM",
  "ERR_RESOURCE_BUSY",
  "ERR_NOT_FOUND",
  "ERR_REFUSED",
  "ERR_BAD_PROTOCOL",
  "ERR_SYSTEM",
];

/** Call it for anything but Flow.ok. */
export function noFrame(flow: number): NoFrame {
  const status = flows[flow];
  return status === undefined || status === "ok" ? "closed" : status;
}

/** The name of a result that came with an event. */
export function errorCode(result: number): ErrorCode {
  return faults[-result - 1] ?? (noFrame(result) === "closed" ? "ERR_CLOSED" : "ERR_REFUSED");
}

export function aborted(what: string): StreamError {
  return new StreamError("ERR_ABORTED", `${what} was aborted by its signal`, { reason: "aborted" });
}

export function timedOut(what: string): StreamError {
  return new StreamError("ERR_TIMEOUT", `${what} did not happen within timeoutMs`, { reason: "timeout" });
}

/** Ends a wait that did not get what it was for. */
export function giveUp(what: string, why: GiveUp): never {
  throw why === "aborted" ? aborted(what) : timedOut(what);
}

/** Causes after which reading simply ends; everything else is a surprise worth an error. */
const normalEnds: ReadonlySet<DisconnectCause> = new Set(["none", "ended", "stopped", "consumer-closed"]);

/** The error that ends an iteration, if its end deserves one. */
export function iterationError(cause: DisconnectCause, reason: string): StreamError | undefined {
  if (normalEnds.has(cause)) return undefined;
  const why = reason === "" ? cause : `${cause}: ${reason}`;
  if (cause === "refused") return new StreamError("ERR_REFUSED", `the connection was refused (${why})`);
  if (cause.startsWith("evicted")) {
    return new StreamError("ERR_EVICTED", `the producer ended this connection (${why})`, { reason: "evicted" });
  }
  const hint = "open the stream with reconnect: true to live through this";
  return new StreamError("ERR_PRODUCER_LOST", `the producer went without closeInput (${why}); ${hint}`, {
    reason: "closed",
  });
}
