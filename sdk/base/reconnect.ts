/** How a consumer looks for its producer's next life. */
import type { ErrorCode } from "./errors.ts";
import type { DisconnectCause, ReconnectOptions } from "./types.ts";

/** `reconnect: true`. */
const reconnectDefaults: Required<ReconnectOptions> = {
  firstMs: 50,
  factor: 2,
  maxMs: 1000,
  jitter: 0.5,
  attempts: Number.POSITIVE_INFINITY,
};

/** undefined: it does not. */
export function reconnectWithDefaults(
  reconnect: boolean | ReconnectOptions | undefined,
): Required<ReconnectOptions> | undefined {
  if (reconnect === undefined || reconnect === false) return undefined;
  return reconnect === true ? reconnectDefaults : { ...reconnectDefaults, ...reconnect };
}

/** The next life cannot cure these: the two ends do not fit, or this side may not. */
export const hopeless: ReadonlySet<ErrorCode> = new Set([
  "ERR_BAD_ACCESS",
  "ERR_BAD_MATCH",
  "ERR_BAD_PARAMETER",
  "ERR_BAD_PROTOCOL",
  "ERR_BAD_ATTRIBUTE",
]);

/** `ended` and `stopped` are the producer's own word that there is no more. */
export function canReconnect(cause: DisconnectCause): boolean {
  return cause === "producer-lost" || cause === "producer-closed";
}

/**
 * The pause before each attempt, ms. Many consumers lose one producer in the same moment; jitter keeps them from coming
 * back in one.
 */
export function* pausesMs(backoff: Required<ReconnectOptions>, random = Math.random): Generator<number, void> {
  const { firstMs, factor, maxMs, jitter, attempts } = backoff;
  let pauseMs = Math.min(firstMs, maxMs);
  for (let attempt = 0; attempt < attempts; attempt++) {
    yield pauseMs * (1 - jitter * random());
    pauseMs = Math.min(pauseMs * factor, maxMs);
  }
}
