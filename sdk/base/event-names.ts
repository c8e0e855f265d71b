/** What a stream tells: the names of its events, of an observer's methods, and of the diagnostics channels. */
import type { StreamEvents } from "./types.ts";

export const streamEventNames = [
  "connected",
  "disconnected",
  "evicted",
  "stalled",
  "recovered",
  "lagged",
  "heldTooLong",
  "dropped",
  "refused",
  "formatchange",
  "info",
  "statechange",
] as const satisfies readonly (keyof StreamEvents)[];
