/** Holds frames back until their presentation time, so that a file plays as fast as it was filmed. */
/** Later than this, the clock starts anew: a stall is followed by the normal speed, not by a burst. */
const lateMaxNs = 500_000_000n;
const nsPerMs = 1_000_000;

/** The clock, so that tests need not wait. */
export interface PacerClock {
  now(): bigint;
  /** Rejects when the program is told to stop. */
  sleep(ms: number): Promise<void>;
}

/** The real one. It sleeps at every frame, so it listens to the signal once and not at every sleep. */
export class StoppableClock implements PacerClock {
  readonly #signal: AbortSignal;
  #timer: NodeJS.Timeout | undefined;
  #reject: ((reason: unknown) => void) | undefined;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener("abort", () => this.#stop(), { once: true });
  }

  now(): bigint {
    return process.hrtime.bigint();
  }

  /** One at a time. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#reject = reject;
      if (this.#signal.aborted) this.#stop();
      else this.#timer = setTimeout(resolve, ms);
    });
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#reject?.(this.#signal.reason);
  }
}

export class Pacer {
  readonly #clock: PacerClock;
  /** The frame with pts `pts` was due at `at`. */
  #anchor: { pts: bigint; at: bigint } | undefined;

  constructor(clock: PacerClock) {
    this.#clock = clock;
  }

  /** Resolves when the frame is due; at once for the first, and for one without a time. Rejects when the clock does. */
  async wait(pts: bigint | undefined): Promise<void> {
    if (pts === undefined) return;
    const now = this.#clock.now();
    this.#anchor ??= { pts, at: now };
    const due = this.#anchor.at + (pts - this.#anchor.pts);
    if (now - due > lateMaxNs) this.#anchor = { pts, at: now };
    const waitMs = Math.round(Number(due - now) / nsPerMs);
    if (waitMs > 0) await this.#clock.sleep(waitMs);
  }
}
