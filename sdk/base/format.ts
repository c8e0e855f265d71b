/** Frame layouts: what the core worked out about a format, in the words of the public API. */
import type { FormatName, FrameLayout, FramePlane } from "./types.ts";

/** All formats; the index is the bit in a consumer's format mask and equals the core's order. */
export const formatNames = [
  "NV12",
  "I420",
  "P010",
  "YUY2",
  "RGB",
  "BGR",
  "RGBA",
  "BGRA",
  "GRAY8",
  "GRAY16",
  "bytes",
] as const satisfies readonly FormatName[];

/** The part of the addon's format that this file reads. */
export interface FormatDescription {
  name: string;
  width: number;
  height: number;
  size: number;
  planes: readonly { offset: number; stride: number; width: number; height: number }[];
  timeBaseNum: number;
  timeBaseDen: number;
}

export function toFrameLayout(format: FormatDescription): FrameLayout {
  const timeBase = format.timeBaseDen === 0 ? undefined : { num: format.timeBaseNum, den: format.timeBaseDen };
  const planes = format.planes.map((plane) => Object.freeze({ ...plane }));
  return Object.freeze({
    format: format.name as FormatName,
    width: format.width,
    height: format.height,
    size: format.size,
    planes: Object.freeze(planes),
    timeBase: timeBase === undefined ? undefined : Object.freeze(timeBase),
  });
}

/** One view per plane over a frame's bytes. A short frame (`bytes`) gives a short plane, never one past the end. */
export function planesOf(data: Uint8Array, layout: FrameLayout): readonly FramePlane[] {
  return layout.planes.map(({ offset, stride, width, height }) => {
    const end = Math.min(offset + stride * height, data.byteLength);
    return { data: data.subarray(Math.min(offset, end), end), stride, width, height };
  });
}

/** 1 << index for every name; 0 = any. */
export function formatMask(names: readonly FormatName[] | undefined): number {
  return (names ?? []).reduce((mask, name) => mask | (1 << formatNames.indexOf(name)), 0);
}
