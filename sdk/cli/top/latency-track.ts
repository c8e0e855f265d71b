/** How long the frames of one connection took lately: the difference of two looks at its histograms. */
import type { NativeBinding } from "../../../native/binding.ts";
import type { LatencyLedger } from "../../base/stats-types.ts";
import type { LatencyHistograms } from "../../latency.ts";
import { windowNs } from "./rate.ts";

interface Look {
  at: bigint;
  histograms: LatencyHistograms;
}

export class LatencyTrack {
  readonly #looks: Look[] = [];

  push(at: bigint, histograms: LatencyHistograms): void {
    const last = this.#looks.at(-1);
    if (last && at <= last.at) return;
    this.#looks.push({ at, histograms });
    while (this.#looks.length > 2 && at - (this.#looks[1]?.at ?? at) >= windowNs) this.#looks.shift();
  }

  miss(): void {
    this.#looks.length = 0;
  }

  /** undefined: there are no two looks yet, or no frame came in between. */
  ledger(binding: Pick<NativeBinding, "latencySummary">): LatencyLedger | undefined {
    const first = this.#looks[0];
    const last = this.#looks.at(-1);
    if (!first || !last || first === last) return undefined;
    // A connection that has just ended tells zeros, and what was there before would count backwards.
    if (last.histograms.ledger(binding).deliver.frames === 0) return undefined;
    const lately = last.histograms.since(first.histograms).ledger(binding);
    return lately.deliver.frames > 0 ? lately : undefined;
  }
}
