/** Chroma of NV12 and P010 (UVUV...) taken apart into a U and a V plane, and put together again; only moved. */
import type { FormatName, FrameLayout, FramePlane } from "../base/types.ts";

const sampleBytes: Partial<Record<FormatName, 1 | 2>> = { NV12: 1, P010: 2 };

type Samples = Uint8Array | Uint16Array;

/** Two planes that every frame uses again. */
export class PlanarChroma {
  readonly u: Uint8Array;
  readonly v: Uint8Array;
  readonly #bytes: 1 | 2;

  private constructor(bytes: 1 | 2, samples: number) {
    this.#bytes = bytes;
    this.u = new Uint8Array(samples * bytes);
    this.v = new Uint8Array(samples * bytes);
  }

  /** undefined: this format's chroma is not interleaved. */
  static of(layout: FrameLayout): PlanarChroma | undefined {
    const bytes = sampleBytes[layout.format];
    const plane = layout.planes[1];
    return bytes === undefined || !plane ? undefined : new PlanarChroma(bytes, plane.width * plane.height);
  }

  /** From the frame's second plane to `u` and `v`. */
  split(plane: FramePlane): void {
    const u = this.#samples(this.u);
    const v = this.#samples(this.v);
    const from = this.#samples(plane.data);
    let to = 0;
    for (let row = 0; row < plane.height; row += 1) {
      let at = (row * plane.stride) / this.#bytes;
      for (let column = 0; column < plane.width; column += 1) {
        u[to] = from[at] as number;
        v[to] = from[at + 1] as number;
        at += 2;
        to += 1;
      }
    }
  }

  /** From `u` and `v` to the frame's second plane. */
  join(plane: FramePlane): void {
    const u = this.#samples(this.u);
    const v = this.#samples(this.v);
    const into = this.#samples(plane.data);
    let from = 0;
    for (let row = 0; row < plane.height; row += 1) {
      let at = (row * plane.stride) / this.#bytes;
      for (let column = 0; column < plane.width; column += 1) {
        into[at] = u[from] as number;
        into[at + 1] = v[from] as number;
        at += 2;
        from += 1;
      }
    }
  }

  #samples(bytes: Uint8Array): Samples {
    return this.#bytes === 1 ? bytes : new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2);
  }
}
