/** A standby: a process that waits for the name of a stream until nobody has it any more. */
import { setTimeout as delay } from "node:timers/promises";
import { standbyPauseMs } from "./base/config.ts";
import { StreamError } from "./base/errors.ts";
import type { WaitOptions } from "./base/types.ts";
import { countdown } from "./connect.ts";
import { aborted, timedOut } from "./flow.ts";

/**
 * `take` tries at intervals for as long as it says that the name is in use. A blocking lock would need a thread per
 * name that no abort can end; a look costs some microseconds and holds nothing in between.
 */
export async function whenFree<T>(name: string, take: () => T, options: WaitOptions): Promise<T> {
  const { signal } = options;
  const left = countdown(options);
  for (;;) {
    if (signal?.aborted) throw aborted(`standing by for the name "${name}"`);
    try {
      return take();
    } catch (error) {
      if (!(error instanceof StreamError) || error.code !== "ERR_RESOURCE_BUSY") throw error;
    }
    const { timeoutMs = standbyPauseMs } = left();
    if (timeoutMs === 0) throw timedOut(`getting the name "${name}"`);
    // An abort ends the pause; the next turn reports it.
    await delay(Math.min(standbyPauseMs, timeoutMs), undefined, signal && { signal }).catch(() => {});
  }
}
