/** YUV4MPEG2, which every player reads from a pipe: a line of text, then a word and the raw planes of each frame. */
import type { FormatName, FrameLayout, FramePlane } from "../base/types.ts";
import { usageError } from "./failure.ts";
import { PlanarChroma } from "./planar-chroma.ts";
import { nsToTicks } from "./ticks.ts";

export const y4mFrameMark = "FRAME\n";

/** Ticks shorter than a millisecond are a clock, not a frame rate. */
const rateMax = 1000;
const guessedRate = { num: 30, den: 1 };

/** P010 counts in the upper 10 of 16 bits, so it is a 16-bit picture; the samples stay what they are. */
const colours: Partial<Record<FormatName, string>> = {
  NV12: "420jpeg",
  I420: "420jpeg",
  P010: "420p16 XYSCSS=420P16",
  GRAY8: "mono",
  GRAY16: "mono16",
};

/** undefined: y4m cannot hold this format. */
export function y4mColour(format: FormatName): string | undefined {
  return colours[format];
}

/** `durationNs`: of the first frame, 0 = unknown; it decides when the clock is finer than the frames. */
export function y4mHeader(layout: FrameLayout, durationNs: bigint): string {
  const rate = frameRate(layout, durationNs);
  const colour = y4mColour(layout.format) ?? "420jpeg";
  return `YUV4MPEG2 W${layout.width} H${layout.height} F${rate.num}:${rate.den} Ip A0:0 C${colour}\n`;
}

/** A steady rate for players; the exact times are elsewhere. */
export function frameRate(layout: FrameLayout, durationNs: bigint): { num: number; den: number } {
  const base = layout.timeBase;
  if (!base) return guessedRate;
  if (base.den / base.num <= rateMax) return readable({ num: base.den, den: base.num });
  const ticks = nsToTicks(durationNs, base);
  return ticks > 0n ? readable({ num: base.den, den: base.num * Number(ticks) }) : guessedRate;
}

/** Programs keep both numbers in 31 bits. */
function readable(rate: { num: number; den: number }): { num: number; den: number } {
  return Math.max(rate.num, rate.den) < 2 ** 31 ? rate : guessedRate;
}

/** Makes the planes that y4m wants. Interleaved chroma is taken apart into buffers that the next call uses again. */
export class Y4mPlanes {
  #chroma: PlanarChroma | undefined;

  static check(layout: FrameLayout): void {
    if (y4mColour(layout.format) !== undefined) return;
    const known = Object.keys(colours).join(", ");
    throw usageError(`y4m cannot hold ${layout.format}; use --as raw, or a stream of ${known}`);
  }

  of(layout: FrameLayout, planes: readonly FramePlane[]): Uint8Array[] {
    this.#chroma ??= PlanarChroma.of(layout);
    const [first, second] = planes;
    if (!this.#chroma || !first || !second) return planes.map((plane) => plane.data);
    this.#chroma.split(second);
    return [first.data, this.#chroma.u, this.#chroma.v];
  }
}
