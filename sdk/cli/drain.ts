/** The end of a stream: waits as long as consumers go on taking what waits for them. */
import type { ProducerStats } from "../base/stats-types.ts";
import type { WaitOptions } from "../base/types.ts";
import { codeOf } from "./failure.ts";

/** The part of a producer that is needed to end. */
export interface Closable {
  closeInput(options: WaitOptions): Promise<void>;
  stats(): ProducerStats;
}

/**
 * true: everybody has everything. false: those left took nothing for `idleMs`, or the signal fired. However slow a
 * consumer is, while it takes frames it is waited for.
 */
export async function drain(producer: Closable, idleMs: number, signal: AbortSignal): Promise<boolean> {
  for (;;) {
    const before = delivered(producer);
    try {
      await producer.closeInput({ timeoutMs: idleMs, signal });
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      if (codeOf(error) !== "ERR_TIMEOUT") throw error;
      if (delivered(producer) === before) return false;
    }
  }
}

function delivered(producer: Closable): string {
  return producer
    .stats()
    .connections.map((each) => `${each.id}:${each.delivered}:${each.skipped}`)
    .join();
}
