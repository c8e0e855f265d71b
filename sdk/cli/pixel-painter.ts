/**
 * Paints rectangles of one colour into frames of any format, odd sizes included.
 *
 * A format is a list of planes, a plane a grid of cells: a cell covers `across` x `down` pixels and has the bytes that
 * `bytes()` gives for a colour. Seen this way the ten formats differ in one table.
 */
import type { FormatName, FramePlane } from "../base/types.ts";

/** One colour in the two ways that formats want it, 8 bits each; y, u, v are BT.601, limited range. */
export interface Colour {
  y: number;
  u: number;
  v: number;
  r: number;
  g: number;
  b: number;
}

interface PlaneShape {
  across: number;
  down: number;
  bytes: (colour: Colour) => readonly number[];
}

const full = (bytes: PlaneShape["bytes"]): PlaneShape => ({ across: 1, down: 1, bytes });
const quarter = (bytes: PlaneShape["bytes"]): PlaneShape => ({ across: 2, down: 2, bytes });

/** P010 and GRAY16 are little endian; the high byte of an 8-bit colour is the colour. */
const planeShapes: Record<Exclude<FormatName, "bytes">, readonly PlaneShape[]> = {
  NV12: [full((c) => [c.y]), quarter((c) => [c.u, c.v])],
  I420: [full((c) => [c.y]), quarter((c) => [c.u]), quarter((c) => [c.v])],
  P010: [full((c) => [0, c.y]), quarter((c) => [0, c.u, 0, c.v])],
  YUY2: [{ across: 2, down: 1, bytes: (c) => [c.y, c.u, c.y, c.v] }],
  RGB: [full((c) => [c.r, c.g, c.b])],
  BGR: [full((c) => [c.b, c.g, c.r])],
  RGBA: [full((c) => [c.r, c.g, c.b, 255])],
  BGRA: [full((c) => [c.b, c.g, c.r, 255])],
  GRAY8: [full((c) => [c.y])],
  GRAY16: [full((c) => [c.y, c.y])],
};

/** Where a pixel's brightness is: byte offset in a row of the first plane, for reading a picture back. */
const brightness: Record<Exclude<FormatName, "bytes">, { bytesPerPixel: number; offset: number }> = {
  NV12: { bytesPerPixel: 1, offset: 0 },
  I420: { bytesPerPixel: 1, offset: 0 },
  P010: { bytesPerPixel: 2, offset: 1 },
  YUY2: { bytesPerPixel: 2, offset: 0 },
  RGB: { bytesPerPixel: 3, offset: 1 },
  BGR: { bytesPerPixel: 3, offset: 1 },
  RGBA: { bytesPerPixel: 4, offset: 1 },
  BGRA: { bytesPerPixel: 4, offset: 1 },
  GRAY8: { bytesPerPixel: 1, offset: 0 },
  GRAY16: { bytesPerPixel: 2, offset: 1 },
};

export type PaintableFormat = keyof typeof planeShapes;

export function isPaintable(format: FormatName): format is PaintableFormat {
  return format in planeShapes;
}

/** Brightness of one pixel, 0..255 (of RGB the green, which is enough to tell black from white). */
export function brightnessAt(format: PaintableFormat, planes: readonly FramePlane[], x: number, y: number): number {
  const { bytesPerPixel, offset } = brightness[format];
  const plane = planes[0];
  return plane?.data[y * plane.stride + x * bytesPerPixel + offset] ?? 0;
}

export function colour(r: number, g: number, b: number): Colour {
  return {
    y: Math.round(16 + (65.738 * r + 129.057 * g + 25.064 * b) / 256),
    u: Math.round(128 + (-37.945 * r - 74.494 * g + 112.439 * b) / 256),
    v: Math.round(128 + (112.439 * r - 94.154 * g - 18.285 * b) / 256),
    r,
    g,
    b,
  };
}

/** One plane's row of pixels, repeated to the right so that a shifted row is one copy. */
interface ScrollRow {
  bytes: Uint8Array;
  cellBytes: number;
}

export class PixelPainter {
  readonly #shapes: readonly PlaneShape[];
  readonly #width: number;
  readonly #height: number;

  constructor(format: PaintableFormat, width: number, height: number) {
    this.#shapes = planeShapes[format];
    this.#width = width;
    this.#height = height;
  }

  /**
   * Fills a rectangle, cut off at the picture's edge. Where planes are subsampled, every cell that the rectangle
   * touches takes the colour: even coordinates give exact edges.
   */
  fill(planes: readonly FramePlane[], x: number, y: number, width: number, height: number, with_: Colour): void {
    const right = Math.min(x + width, this.#width);
    const bottom = Math.min(y + height, this.#height);
    if (right <= x || bottom <= y) return;
    this.#shapes.forEach((shape, index) => {
      const plane = planes[index];
      if (!plane) return;
      const cell = shape.bytes(with_);
      const left = Math.floor(x / shape.across) * cell.length;
      const end = Math.ceil(right / shape.across) * cell.length;
      const top = Math.floor(y / shape.down);
      const below = Math.ceil(bottom / shape.down);
      const first = plane.data.subarray(top * plane.stride + left, top * plane.stride + end);
      repeat(first, cell);
      for (let row = top + 1; row < below; row += 1) plane.data.set(first, row * plane.stride + left);
    });
  }

  /** Prepares rows of vertical bars, each `barWidth` (even) pixels wide, that scroll sideways. */
  bars(colours: readonly Colour[], barWidth: number): readonly ScrollRow[] {
    const period = colours.length * barWidth;
    return this.#shapes.map((shape) => {
      const cells = colours.map((each) => shape.bytes(each));
      const cellBytes = cells[0]?.length ?? 1;
      const cellCount = Math.ceil((this.#width + period) / shape.across);
      const bytes = new Uint8Array(cellCount * cellBytes);
      for (let index = 0; index < cellCount; index += 1) {
        const bar = Math.floor((index * shape.across) / barWidth) % colours.length;
        bytes.set(cells[bar] ?? [], index * cellBytes);
      }
      return { bytes, cellBytes };
    });
  }

  /** Fills the whole picture with prepared bars, moved by `shift` (even) pixels to the left. */
  scroll(planes: readonly FramePlane[], rows: readonly ScrollRow[], shift: number): void {
    this.#shapes.forEach((shape, index) => {
      const plane = planes[index];
      const row = rows[index];
      if (!plane || !row) return;
      const start = (shift / shape.across) * row.cellBytes;
      const rowBytes = Math.ceil(this.#width / shape.across) * row.cellBytes;
      const source = row.bytes.subarray(start, start + rowBytes);
      const rowCount = Math.ceil(this.#height / shape.down);
      for (let line = 0; line < rowCount; line += 1) plane.data.set(source, line * plane.stride);
    });
  }
}

/** Fills `target` with copies of `cell`, doubling what is there already. */
function repeat(target: Uint8Array, cell: readonly number[]): void {
  if (cell.length === 1) {
    target.fill(cell[0] ?? 0);
    return;
  }
  target.set(cell.slice(0, target.length));
  for (let done = cell.length; done < target.length; done *= 2) target.copyWithin(done, 0, done);
}
