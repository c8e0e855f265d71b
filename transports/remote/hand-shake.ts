/** What both ends need while they meet. */
import { StreamError } from "../../sdk/base/errors.ts";
import type { Payload, WireAttributes, WireErrorCode, WireMessage } from "../wire/index.ts";
import { encodeMessage, encodeOpening, wireLimits } from "../wire/index.ts";
import type { Link } from "./link.ts";
import { Session, type SessionUser } from "./session.ts";

/** Time for a refusal to arrive before the link is closed, ms. */
const turnAwayMs = 1000;

/** Most bytes of a text that fit, without half a character at the end. */
export function cut(text: string, bytesMax: number = wireLimits.reasonBytesMax): string {
  const bytes = Buffer.from(text);
  return bytes.length <= bytesMax
    ? text
    : bytes
        .subarray(0, bytesMax)
        .toString()
        .replace(/\uFFFD+$/, "");
}

/** An error as a peer may see it. */
export function refusal(error: unknown): { code: WireErrorCode; reason: string } {
  const known = error instanceof StreamError;
  const travels: readonly string[] = ["ERR_TIMEOUT", "ERR_ABORTED", "ERR_CLOSED", "ERR_EVICTED", "ERR_PRODUCER_LOST"];
  if (known && !travels.includes(error.code) && error.code !== "ERR_NO_BINDING") {
    return { code: error.code as WireErrorCode, reason: cut(error.message) };
  }
  return { code: "ERR_REFUSED", reason: cut(known ? error.message : "the stream could not be connected") };
}

/** Says why to somebody who must not come in, and closes. */
export function turnAway(link: Link, code: WireErrorCode, reason: string): void {
  const nothing = new Uint8Array(256);
  const deaf = { space: () => nothing, filled: () => true, received: () => true, closed: () => {} };
  link.write([encodeOpening(), encodeMessage({ type: "refused", code, reason: cut(reason) })]);
  link.start(deaf);
  link.end();
  setTimeout(() => link.destroy(), turnAwayMs).unref();
}

type Hello = Extract<WireMessage, { type: "hello" }>;

/** What every caller says; what it leaves out, it does not ask for. */
type Greeting = Pick<Hello, "role" | "stream" | "token"> & Partial<Hello> & { attributes?: WireAttributes | undefined };

/** The first messages of whoever dials. */
export function greet({ attributes, ...said }: Greeting): WireMessage[] {
  const hello: Hello = {
    type: "hello",
    client: "",
    userInfo: new Uint8Array(0),
    formatMask: 0,
    idleMs: 0,
    previousEpoch: 0n,
    previous: 0n,
    policy: undefined,
    ...said,
  };
  return attributes === undefined ? [hello] : [{ type: "attributes", attributes }, hello];
}

interface Meeting {
  now: () => bigint;
  idleMs: number;
  timeoutMs: number;
  signal: AbortSignal | undefined;
  /** Sent at once. */
  first: readonly WireMessage[];
}

/**
 * Says `first` to somebody who listens, and gives every answer to `answer` until it returns something.
 * @throws StreamError what the peer refused with; ERR_NOT_FOUND: it went; ERR_TIMEOUT, ERR_ABORTED
 */
export function meet<T>(
  link: Link,
  { now, idleMs, timeoutMs, signal, first }: Meeting,
  answer: (message: WireMessage, session: Session) => T | undefined,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const settle = (act: () => void) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      act();
    };
    const giveUp = (error: StreamError) => {
      settle(() => reject(error));
      session.fail(error);
    };
    const user: SessionUser = {
      onMessage(message) {
        if (message.type === "refused") {
          giveUp(new StreamError(message.code, `${link.peer} refused: ${message.reason}`));
          return;
        }
        const result = answer(message, session);
        if (result !== undefined) settle(() => resolve(result));
      },
      onPayload(_payload: Payload) {
        throw new StreamError("ERR_BAD_PROTOCOL", "a frame comes before the hand-shake is over");
      },
      onClosed(error) {
        const why = error?.message ?? "closed";
        const known = error instanceof StreamError ? error.code : "ERR_NOT_FOUND";
        settle(() => reject(new StreamError(known, `${link.peer} went away while connecting: ${why}`)));
      },
    };
    const session = new Session(link, user, { idleMs, now, trusted: true });
    const onAbort = () => giveUp(new StreamError("ERR_ABORTED", "connecting: aborted", { reason: "aborted" }));
    const onTimeout = () => {
      const text = `${link.peer} did not answer within ${timeoutMs} ms`;
      giveUp(new StreamError("ERR_NOT_FOUND", text, { reason: "timeout" }));
    };
    const timer = setTimeout(onTimeout, timeoutMs);
    signal?.addEventListener("abort", onAbort, { once: true });
    session.start();
    for (const message of first) session.send(message);
  });
}
