/** Frames of noise in every format, and what a canvas must show of them: written from the definition of each format. */
import type { FormatDescription } from "../../../sdk/base/format.ts";
import type { FormatName } from "../../../sdk/base/types.ts";

/** Bytes of a row of each plane, and its rows. */
function shapes(format: FormatName, width: number, height: number): { width: number; bytes: number; height: number }[] {
  const [cw, ch] = [Math.ceil(width / 2), Math.ceil(height / 2)];
  const packed = (bytes: number) => [{ width, bytes: width * bytes, height }];
  switch (format) {
    case "NV12":
      return [...packed(1), { width: cw, bytes: cw * 2, height: ch }];
    case "I420":
      return [...packed(1), { width: cw, bytes: cw, height: ch }, { width: cw, bytes: cw, height: ch }];
    case "P010":
      return [...packed(2), { width: cw, bytes: cw * 4, height: ch }];
    case "RGB":
    case "BGR":
      return packed(3);
    case "RGBA":
    case "BGRA":
      return packed(4);
    default:
      return packed(1);
  }
}

/** `padding`: bytes behind each row. */
export function describeFormat(format: FormatName, width: number, height: number, padding = 0): FormatDescription {
  let size = 0;
  const planes = shapes(format, width, height).map((shape) => {
    const plane = { offset: size, stride: shape.bytes + padding, width: shape.width, height: shape.height };
    size += plane.stride * plane.height;
    return plane;
  });
  return { name: format, width, height, size, planes, timeBaseNum: 0, timeBaseDen: 0 };
}

/** The same for the same seed. */
export function noise(size: number, seed: number): Uint8Array {
  let state = seed + 1;
  return Uint8Array.from({ length: size }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
}

type Rgb = [number, number, number];

const byte = (value: number) => Math.min(255, Math.max(0, value * 255));

/** Limited range, with the weights of red and blue that the standard gives. */
function fromYuv([y, u, v]: Rgb, [kr, kb]: readonly [number, number]): Rgb {
  const luma = (y - 16) / 219;
  const red = luma + ((2 - 2 * kr) * (v - 128)) / 224;
  const blue = luma + ((2 - 2 * kb) * (u - 128)) / 224;
  return [byte(red), byte((luma - kr * red - kb * blue) / (1 - kr - kb)), byte(blue)];
}

/** A plane's sample between four others; outside is as at the edge. */
function between(sample: (x: number, y: number) => number, x: number, y: number): number {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const [right, below] = [x - left, y - top];
  const upper = sample(left, top) * (1 - right) + sample(left + 1, top) * right;
  const lower = sample(left, top + 1) * (1 - right) + sample(left + 1, top + 1) * right;
  return upper * (1 - below) + lower * below;
}

/** RGBA rows from the top, not rounded. */
export function shown(pixels: Uint8Array, format: FormatDescription): Float64Array {
  const { width, height, planes } = format;
  const weights = height >= 720 ? ([0.2126, 0.0722] as const) : ([0.299, 0.114] as const);
  const at = (plane: number, x: number, y: number, samples: number, which: number): number => {
    const { offset, stride, width: columns, height: rows } = planes[plane] as FormatDescription["planes"][number];
    const column = Math.min(columns - 1, Math.max(0, x));
    const row = Math.min(rows - 1, Math.max(0, y));
    return pixels[offset + row * stride + column * samples + which] as number;
  };
  // Chroma lies on even columns, and between two rows.
  const chroma = (plane: number, samples: number, which: number, x: number, y: number) =>
    between((cx, cy) => at(plane, cx, cy, samples, which), x / 2, (y + 0.5) / 2 - 0.5);
  const colour = (x: number, y: number): Rgb => {
    const packed = (samples: number, order: Rgb): Rgb => order.map((which) => at(0, x, y, samples, which)) as Rgb;
    switch (format.name) {
      case "NV12":
        return fromYuv([at(0, x, y, 1, 0), chroma(1, 2, 0, x, y), chroma(1, 2, 1, x, y)], weights);
      case "I420":
        return fromYuv([at(0, x, y, 1, 0), chroma(1, 1, 0, x, y), chroma(2, 1, 0, x, y)], weights);
      case "RGB":
        return packed(3, [0, 1, 2]);
      case "BGR":
        return packed(3, [2, 1, 0]);
      case "RGBA":
        return packed(4, [0, 1, 2]);
      case "BGRA":
        return packed(4, [2, 1, 0]);
      default:
        return packed(1, [0, 0, 0]);
    }
  };
  const rows = new Float64Array(width * height * 4);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) rows.set([...colour(x, y), 255], (y * width + x) * 4);
  }
  return rows;
}
