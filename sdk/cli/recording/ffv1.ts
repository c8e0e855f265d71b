/**
 * How a format is kept in FFV1, and what to tell ffmpeg to write and to read it. Pure: a layout in, arguments out.
 *
 * Every conversion on the way only moves samples. Where ffmpeg's own does not (P010 of an odd width is computed, not
 * moved), the planes are moved here, and ffmpeg is given what it need not touch.
 */
import type { FrameLayout } from "../../base/types.ts";
import { CommandError } from "../failure.ts";
import type { FfmpegDialect } from "../ffmpeg-args.ts";
import type { VideoFormat } from "../option-parsers.ts";

interface PixelWay {
  /** What goes through the pipe, both ways. */
  piped: string;
  /** What the file holds. */
  stored: string;
}

const ways: Record<VideoFormat, PixelWay> = {
  NV12: { piped: "nv12", stored: "yuv420p" },
  I420: { piped: "yuv420p", stored: "yuv420p" },
  // All 16 bits, so that nothing need be known of the lower 6.
  P010: { piped: "yuv420p16le", stored: "yuv420p16le" },
  YUY2: { piped: "yuyv422", stored: "yuv422p" },
  RGB: { piped: "rgb24", stored: "bgr0" },
  BGR: { piped: "bgr24", stored: "bgr0" },
  RGBA: { piped: "rgba", stored: "bgra" },
  BGRA: { piped: "bgra", stored: "bgra" },
  GRAY8: { piped: "gray", stored: "gray" },
  GRAY16: { piped: "gray16le", stored: "gray16le" },
};

/** Below this, slices come out wrong: FFV1 of ffmpeg 5.1 loses pictures that are a pixel high or wide. */
const sliceSideMin = 64;

function wayOf(layout: FrameLayout): PixelWay {
  if (layout.format in ways) return ways[layout.format as VideoFormat];
  throw new CommandError("ERR_BAD_MATCH", `mkv cannot hold ${layout.format} frames; record to .raw`);
}

/** Two pixels of YUY2 are one sample, so an odd width has a column more; it is kept. */
function codedWidth(layout: FrameLayout): number {
  return layout.format === "YUY2" ? 2 * Math.ceil(layout.width / 2) : layout.width;
}

/**
 * Every frame is a key frame, so that each stands alone. Slices are what several processors work on; how many fit a
 * size is ffmpeg's to know.
 */
function coderArgs(layout: FrameLayout): string[] {
  const small = Math.min(layout.width, layout.height) < sliceSideMin;
  return ["-c:v", "ffv1", "-g", "1", ...(small ? ["-level", "1"] : ["-level", "3", "-slicecrc", "1"])];
}

const quiet = ["-nostdin", "-hide_banner", "-loglevel", "error"];

export interface EncodeRequest {
  layout: FrameLayout;
  /** Other than the layout's, for a sample of it. */
  height?: number;
  rate: { num: number; den: number };
  /** As ffmpeg writes addresses: `pipe:3`, `file:out.mkv`. */
  from: string;
  to: string;
}

/** Each frame becomes a cluster that is written at once: what was written can be read, whatever happens next. */
export function encodeArgs(request: EncodeRequest, dialect: FfmpegDialect): string[] {
  const { layout, height = layout.height, rate, from, to } = request;
  const { piped, stored } = wayOf(layout);
  return [
    ...quiet,
    ...["-f", "rawvideo", "-pix_fmt", piped, "-video_size", `${codedWidth(layout)}x${height}`],
    ...["-framerate", `${rate.num}/${rate.den}`, "-i", from],
    ...["-map", "0:v:0", ...dialect.passthrough, "-pix_fmt", stored, ...coderArgs(layout)],
    ...["-cluster_size_limit", "0", "-flush_packets", "1", "-f", "matroska", "-y", to],
  ];
}

/** `skip`: frames at the beginning that are decoded and not given. */
export function decodeArgs(layout: FrameLayout, from: string, to: string, skip: number, dialect: FfmpegDialect) {
  return [
    ...quiet,
    // Nothing but this container and this codec: a file from somebody else is only ever a recording.
    ...["-protocol_whitelist", "file,pipe", "-f", "matroska", "-c:v", "ffv1", "-i", from],
    ...["-map", "0:v:0", ...dialect.passthrough, ...(skip > 0 ? ["-vf", `trim=start_frame=${skip}`] : [])],
    ...["-pix_fmt", wayOf(layout).piped, "-c:v", "rawvideo", "-flush_packets", "1", "-f", "rawvideo", to],
  ];
}
