/** Frames in ordinary memory, laid out as ffmpeg's rawvideo is, for tests without the core. */
import type { FrameLayout, FramePlane } from "../../../sdk/base/types.ts";
import type { VideoFormat } from "../../../sdk/cli/option-parsers.ts";

/** Per plane: samples across and down per pixel step, and bytes per sample. */
const shapes: Record<VideoFormat, readonly (readonly [across: number, down: number, bytes: number])[]> = {
  NV12: [
    [1, 1, 1],
    [2, 2, 2],
  ],
  I420: [
    [1, 1, 1],
    [2, 2, 1],
    [2, 2, 1],
  ],
  P010: [
    [1, 1, 2],
    [2, 2, 4],
  ],
  YUY2: [[2, 1, 4]],
  RGB: [[1, 1, 3]],
  BGR: [[1, 1, 3]],
  RGBA: [[1, 1, 4]],
  BGRA: [[1, 1, 4]],
  GRAY8: [[1, 1, 1]],
  GRAY16: [[1, 1, 2]],
};

export interface PlainFrame {
  data: Uint8Array;
  planes: FramePlane[];
  layout: FrameLayout;
  format: VideoFormat;
  width: number;
  height: number;
}

export function plainLayout(
  format: VideoFormat,
  width: number,
  height: number,
  timeBase?: { num: number; den: number },
): FrameLayout {
  let size = 0;
  const planes = shapes[format].map(([across, down, bytes]) => {
    const plane = {
      offset: size,
      stride: Math.ceil(width / across) * bytes,
      width: Math.ceil(width / across),
      height: Math.ceil(height / down),
    };
    size += plane.stride * plane.height;
    return plane;
  });
  return { format, width, height, size, planes, timeBase };
}

export function plainFrame(layout: FrameLayout, fill = 0): PlainFrame {
  const data = new Uint8Array(layout.size).fill(fill);
  const planes = layout.planes.map(({ offset, stride, width, height }) => ({
    data: data.subarray(offset, offset + stride * height),
    stride,
    width,
    height,
  }));
  return { data, planes, layout, format: layout.format as VideoFormat, width: layout.width, height: layout.height };
}

export const allFormats = Object.keys(shapes) as VideoFormat[];
