/** How a consumer looks for its producer's next life. */
import type { ReconnectOptions } from "./types.ts";

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
