/** Asks a listener what streams it has, without taking a seat. */
import type { StreamInfo } from "../../sdk/base/types.ts";
import { greet, meet } from "./hand-shake.ts";
import type { Dial } from "./link.ts";
import { parseListing } from "./listing.ts";

export interface ObserveRequest {
  /** Of one stream, or "" for all that the token lets us see. */
  stream: string;
  token: string;
  now: () => bigint;
  timeoutMs: number;
  signal: AbortSignal | undefined;
}

/** @throws StreamError ERR_NOT_FOUND: no such stream, or nobody answers; ERR_BAD_ACCESS; as `meet` */
export async function listRemote(dial: Dial, request: ObserveRequest): Promise<readonly StreamInfo[]> {
  const { stream, token, now, timeoutMs, signal } = request;
  const link = await dial(signal, timeoutMs);
  const first = greet({ role: "observe", stream, token });
  return meet(link, { now, idleMs: 0, timeoutMs, signal, first }, (message, session) => {
    if (message.type !== "listing") return undefined;
    session.end();
    return parseListing(message.list);
  });
}
