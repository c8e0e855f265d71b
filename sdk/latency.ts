/** The latency ledger as the core counts it: histograms that can be subtracted, and percentiles of them. */
import { latencyBuckets, type NativeBinding, Step, SummaryField } from "../native/binding.ts";
import type { LatencyLedger, LatencySummary } from "./base/stats-types.ts";

const nsPerUs = 1000;

export class LatencyHistograms {
  readonly #words: BigUint64Array;

  /** `words`: what `latency()` of a native object gave. */
  constructor(words: BigUint64Array) {
    this.#words = words;
  }

  /** What came after an earlier look at the same connection. The longest times stay those of its whole life. */
  since(earlier: LatencyHistograms): LatencyHistograms {
    const counts = latencyBuckets * Step.count;
    const before = earlier.#words;
    return new LatencyHistograms(this.#words.map((word, at) => (at < counts ? word - (before[at] ?? 0n) : word)));
  }

  ledger(binding: Pick<NativeBinding, "latencySummary">): LatencyLedger {
    const numbers = binding.latencySummary(this.#words);
    const of = (step: number) => toSummary(numbers.subarray(step * SummaryField.length));
    return {
      post: of(Step.post),
      wake: of(Step.wake),
      acquire: of(Step.acquire),
      hold: of(Step.hold),
      deliver: of(Step.deliver),
    };
  }
}

function toSummary(numbers: Float64Array): LatencySummary {
  const us = (field: number) => (numbers[field] ?? 0) / nsPerUs;
  return {
    frames: numbers[SummaryField.frames] ?? 0,
    p50Us: us(SummaryField.p50),
    p90Us: us(SummaryField.p90),
    p99Us: us(SummaryField.p99),
    maxUs: us(SummaryField.max),
  };
}
