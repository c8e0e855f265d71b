/** One plane of a frame in a texture of its size. */
import { StreamError } from "../base/errors.ts";
import type { FramePlane } from "../base/types.ts";
import type { PlaneKind } from "./shaders.ts";

type Gl = WebGL2RenderingContext;
type PlaneSize = Pick<FramePlane, "width" | "height">;

const sampleBytes: Readonly<Record<PlaneKind, number>> = {
  "one byte": 1,
  "two bytes": 2,
  "three bytes": 3,
  "four bytes": 4,
};

function formatsOf(gl: Gl, kind: PlaneKind): { internal: GLenum; format: GLenum } {
  switch (kind) {
    case "one byte":
      return { internal: gl.R8, format: gl.RED };
    case "two bytes":
      return { internal: gl.RG8, format: gl.RG };
    case "three bytes":
      return { internal: gl.RGB8, format: gl.RGB };
    case "four bytes":
      return { internal: gl.RGBA8, format: gl.RGBA };
  }
}

export class PlaneTexture {
  readonly #gl: Gl;
  readonly #texture: WebGLTexture | null;
  readonly #format: GLenum;
  readonly #sampleBytes: number;

  constructor(gl: Gl, kind: PlaneKind, { width, height }: PlaneSize) {
    const { internal, format } = formatsOf(gl, kind);
    this.#gl = gl;
    this.#format = format;
    this.#sampleBytes = sampleBytes[kind];
    this.#texture = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, this.#texture);
    gl.texStorage2D(gl.TEXTURE_2D, 1, internal, width, height);
    for (const [name, value] of [
      [gl.TEXTURE_MIN_FILTER, gl.LINEAR],
      [gl.TEXTURE_MAG_FILTER, gl.LINEAR],
      [gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE],
      [gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE],
    ] as const) {
      gl.texParameteri(gl.TEXTURE_2D, name, value);
    }
  }

  /** Copies the plane's samples; `unit` is the one that the program reads them from. */
  upload(unit: number, { data, stride, width, height }: FramePlane): void {
    const gl = this.#gl;
    const rowBytes = width * this.#sampleBytes;
    if (stride < rowBytes || data.length < stride * (height - 1) + rowBytes) {
      throw new StreamError("ERR_BAD_PARAMETER", "draw: a plane of the frame is shorter than its layout says");
    }
    gl.activeTexture(gl.TEXTURE0 + unit);
    gl.bindTexture(gl.TEXTURE_2D, this.#texture);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    if (stride % this.#sampleBytes === 0) {
      gl.pixelStorei(gl.UNPACK_ROW_LENGTH, stride / this.#sampleBytes);
      this.#put(0, width, height, data);
      return;
    }
    // WebGL counts the distance of rows in samples, and this one is no whole number of them.
    gl.pixelStorei(gl.UNPACK_ROW_LENGTH, 0);
    for (let row = 0; row < height; row++)
      this.#put(row, width, 1, data.subarray(row * stride, row * stride + rowBytes));
  }

  #put(row: number, width: number, rows: number, data: Uint8Array): void {
    const gl = this.#gl;
    gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, row, width, rows, this.#format, gl.UNSIGNED_BYTE, data);
  }

  delete(): void {
    this.#gl.deleteTexture(this.#texture);
  }
}
