/** Joins the clocks of several lives of a decoder (loops, restarts) to one whose pts keep increasing. */
import type { FrameTicks } from "./pts-reader.ts";
import { nsToTicks, rescaleTicks, type TimeBase } from "./ticks.ts";

export class Timeline {
  readonly timeBase: TimeBase;
  #lifeBase: TimeBase;
  /** Added to the ticks of this life. undefined until its first frame shows where it starts. */
  #offset: bigint | undefined = 0n;
  #gapNs = 0n;
  /** Of the frame that was placed last. */
  #last: { pts: bigint; step: bigint } | undefined;

  /** The first life's clock is the stream's clock; its pts stay what they are. */
  constructor(timeBase: TimeBase) {
    this.timeBase = timeBase;
    this.#lifeBase = timeBase;
  }

  /**
   * Another life begins. Its first frame follows the last one at once, or `sinceLastNs` after it when that is later:
   * what a camera did not show for ten seconds is a gap of ten seconds.
   */
  nextLife(timeBase: TimeBase, sinceLastNs: bigint): void {
    this.#lifeBase = timeBase;
    this.#gapNs = sinceLastNs;
    this.#offset = undefined;
  }

  /** The frame's times in ticks of `timeBase`. */
  place(ticks: FrameTicks): FrameTicks {
    const duration = rescaleTicks(ticks.duration, this.#lifeBase, this.timeBase);
    if (ticks.pts === undefined) return { pts: undefined, duration };
    const own = rescaleTicks(ticks.pts, this.#lifeBase, this.timeBase);
    this.#offset ??= this.#start() - own;
    const pts = own + this.#offset;
    const step = this.#last && pts > this.#last.pts ? pts - this.#last.pts : 1n;
    this.#last = { pts, step: duration > 0n ? duration : step };
    return { pts, duration };
  }

  #start(): bigint {
    if (!this.#last) return 0n;
    const { pts, step } = this.#last;
    const gap = nsToTicks(this.#gapNs, this.timeBase);
    return gap > step ? pts + gap : pts + step;
  }
}
