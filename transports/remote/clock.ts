/** How far the peer's monotonic clock is ahead of ours, from pings; see docs/wire.md, "Clocks". */

export interface ClockEstimate {
  /** peer's clock - ours, ns. */
  offset: bigint;
  /** The true offset is within ± this, ns. */
  error: bigint;
  /** Of the newest ping, without the peer's own time, ns. */
  roundTrip: bigint;
}

/** Monotonic clocks of two machines drift apart by up to this many ns per second. */
const driftNsPerS = 100_000n; // 100 ppm, the worst that a quartz of a computer is sold with

interface Sample {
  offset: bigint;
  error: bigint;
  at: bigint;
}

export class ClockOffset {
  /** The one with the smallest error, its age counted. */
  #best: Sample | undefined;
  #roundTrip = 0n;

  /** Of one ping: sent (ours), received and answered (the peer's), and the moment the answer came (ours). */
  add(sent: bigint, received: bigint, answered: bigint, arrived: bigint): void {
    const roundTrip = arrived - sent - (answered - received);
    if (roundTrip < 0n || arrived < sent || answered < received) return; // a peer that cannot tell the time
    this.#roundTrip = roundTrip;
    const sample = { offset: (received - sent + (answered - arrived)) / 2n, error: roundTrip / 2n + 1n, at: arrived };
    if (this.#best === undefined || sample.error <= this.#errorOf(this.#best, arrived)) this.#best = sample;
  }

  get known(): boolean {
    return this.#best !== undefined;
  }

  /** undefined until a first ping was answered. */
  estimate(now: bigint): ClockEstimate | undefined {
    const best = this.#best;
    return best && { offset: best.offset, error: this.#errorOf(best, now), roundTrip: this.#roundTrip };
  }

  /**
   * A time of the peer's clock on ours; as it is while the offset is not known. An offset that may as well be 0 is 0:
   * partitions of one host have one clock, and its times stay exact.
   */
  toOurs(peerTime: bigint): bigint {
    if (this.#best === undefined) return peerTime;
    const { offset, error } = this.#best;
    const size = offset < 0n ? -offset : offset;
    return size <= error ? peerTime : peerTime - offset;
  }

  #errorOf(sample: Sample, now: bigint): bigint {
    return sample.error + ((now - sample.at) * driftNsPerS) / 1_000_000_000n;
  }
}
