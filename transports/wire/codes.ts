/** Names and the numbers they travel as. The addon has the same tables; a browser has no addon. */
import type { ErrorCode } from "../../sdk/base/errors.ts";
import { StreamError } from "../../sdk/base/errors.ts";
import type { DisconnectCause, ModeName, StreamState } from "../../sdk/base/types.ts";

/** What the sender of a hello is. */
export type WireRole = "consume" | "produce" | "observe";

export const roleCodes: Readonly<Record<WireRole, number>> = { consume: 1, produce: 2, observe: 3 };

export const modeCodes: Readonly<Record<ModeName, number>> = { mailbox: 0, fifo: 1, broadcast: 2 };

export const stateCodes: Readonly<Record<StreamState, number>> = {
  initializing: 0,
  created: 1,
  connecting: 2,
  empty: 3,
  "new-frame-available": 4,
  "old-frame-available": 5,
  disconnected: 6,
};

export const causeCodes: Readonly<Record<DisconnectCause, number>> = {
  none: 0,
  ended: 1,
  stopped: 2,
  "producer-closed": 3,
  "producer-lost": 4,
  "consumer-closed": 5,
  "consumer-lost": 6,
  "evicted-lag": 7,
  "evicted-stall": 8,
  "evicted-violation": 9,
  "evicted-request": 10,
  refused: 11,
  "evicted-hold": 12,
  "evicted-idle": 13,
};

/** Codes that have a number, es_result of the C header. */
export type WireErrorCode = Exclude<
  ErrorCode,
  "ERR_TIMEOUT" | "ERR_ABORTED" | "ERR_CLOSED" | "ERR_EVICTED" | "ERR_PRODUCER_LOST" | "ERR_NO_BINDING"
>;

export const resultCodes: Readonly<Record<WireErrorCode, number>> = {
  ERR_BAD_STATE: -1,
  ERR_BAD_ACCESS: -2,
  ERR_BAD_ATTRIBUTE: -3,
  ERR_BAD_PARAMETER: -4,
  ERR_BAD_MATCH: -5,
  ERR_BAD_ALLOC: -6,
  ERR_BAD_STREAM: -7,
  ERR_RESOURCE_BUSY: -8,
  ERR_NOT_FOUND: -9,
  ERR_REFUSED: -10,
  ERR_BAD_PROTOCOL: -11,
  ERR_SYSTEM: -12,
};

/** The peer sent what is not this protocol. */
export function protocolError(sentence: string): StreamError {
  return new StreamError("ERR_BAD_PROTOCOL", sentence);
}
