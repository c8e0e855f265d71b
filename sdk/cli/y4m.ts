/** YUV4MPEG2, which every player reads from a pipe: a line of text, then a word and the raw planes of each frame. */
import type { FrameLayout, FramePlane } from "../base/types.ts";
import { usageError } from "./failure.ts";
import { nsToTicks } from "./ticks.ts";

export const y4mFrameMark = "FRAME\n";

/** Ticks shorter than a millisecond are a clock, not a frame rate. */
const rateMax = 1000;
const guessedRate = { num: 30, den: 1 };

/** `durationNs`: of the first frame, 0 = unknown; it decides when the clock is finer than the frames. */
export function y4mHeader(layout: FrameLayout, durationNs: bigint): string {
  const rate = frameRate(layout, durationNs);
  const colour = layout.format === "GRAY8" ? "mono" : "420jpeg";
  return `YUV4MPEG2 W${layout.width} H${layout.height} F${rate.num}:${rate.den} Ip A0:0 C${colour}\n`;
}

function frameRate(layout: FrameLayout, durationNs: bigint): { num: number; den: number } {
  const base = layout.timeBase;
  if (!base) return guessedRate;
  if (base.den / base.num <= rateMax) return { num: base.den, den: base.num };
  const ticks = nsToTicks(durationNs, base);
  return ticks > 0n ? { num: base.den, den: base.num * Number(ticks) } : guessedRate;
}

/** Makes the planes that y4m wants. NV12's chroma is taken apart into a buffer that the next call uses again. */
export class Y4mPlanes {
  #chroma: { u: Uint8Array; v: Uint8Array } | undefined;

  static check(layout: FrameLayout): void {
    if (["I420", "NV12", "GRAY8"].includes(layout.format)) return;
    throw usageError(`y4m cannot hold ${layout.format}; use --as raw, or a stream of NV12, I420 or GRAY8`);
  }

  of(layout: FrameLayout, planes: readonly FramePlane[]): Uint8Array[] {
    const [first, second] = planes;
    if (layout.format !== "NV12" || !first || !second) return planes.map((plane) => plane.data);
    const samples = second.width * second.height;
    if (this.#chroma?.u.length !== samples) {
      this.#chroma = { u: new Uint8Array(samples), v: new Uint8Array(samples) };
    }
    deinterleave(second, this.#chroma.u, this.#chroma.v);
    return [first.data, this.#chroma.u, this.#chroma.v];
  }
}

/** UVUV... to UU.. and VV... */
function deinterleave(plane: FramePlane, u: Uint8Array, v: Uint8Array): void {
  const { data, stride, width, height } = plane;
  let to = 0;
  for (let row = 0; row < height; row += 1) {
    let from = row * stride;
    for (let column = 0; column < width; column += 1) {
      u[to] = data[from] as number;
      v[to] = data[from + 1] as number;
      from += 2;
      to += 1;
    }
  }
}
