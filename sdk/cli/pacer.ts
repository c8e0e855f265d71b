/** Holds frames back until their presentation time, so that a file plays as fast as it was filmed. */
import { setTimeout as delay } from "node:timers/promises";

/** Later than this, the clock starts anew: a stall is followed by the normal speed, not by a burst. */
const lateMaxNs = 500_000_000n;
const nsPerMs = 1_000_000;

/** The clock, so that tests need not wait. */
export interface PacerClock {
  now(): bigint;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

const monotonicClock: PacerClock = {
  now: () => process.hrtime.bigint(),
  sleep: (ms, signal) => delay(ms, undefined, { signal }),
};

export class Pacer {
  readonly #clock: PacerClock;
  /** The frame with pts `pts` was due at `at`. */
  #anchor: { pts: bigint; at: bigint } | undefined;

  constructor(clock: PacerClock = monotonicClock) {
    this.#clock = clock;
  }

  /** Resolves when the frame is due; at once for the first, and for one without a time. Rejects when aborted. */
  async wait(pts: bigint | undefined, signal: AbortSignal): Promise<void> {
    if (pts === undefined) return;
    const now = this.#clock.now();
    this.#anchor ??= { pts, at: now };
    const due = this.#anchor.at + (pts - this.#anchor.pts);
    if (now - due > lateMaxNs) this.#anchor = { pts, at: now };
    const waitMs = Math.round(Number(due - now) / nsPerMs);
    if (waitMs > 0) await this.#clock.sleep(waitMs, signal);
  }
}
