/** How long frames took from their post to the last byte here, by the estimated clock offset. */
import { createHistogram, type RecordableHistogram } from "node:perf_hooks";

export class TransferTimes {
  readonly #histogram: RecordableHistogram = createHistogram();
  #frames = 0n;
  #bytes = 0n;

  /** `ns`: undefined while the clocks are not compared; an error of the estimate can make it negative. */
  add(bytes: number, ns: bigint | undefined): void {
    this.#frames++;
    this.#bytes += BigInt(bytes);
    if (ns !== undefined) this.#histogram.record(ns > 0n ? ns : 1n);
  }

  get frames(): bigint {
    return this.#frames;
  }

  get bytes(): bigint {
    return this.#bytes;
  }

  summary(): { frames: number; p50: number; p99: number; max: number } {
    const times = this.#histogram;
    if (times.count === 0) return { frames: 0, p50: 0, p99: 0, max: 0 };
    return { frames: times.count, p50: times.percentile(50), p99: times.percentile(99), max: times.max };
  }
}
