/**
 * What to tell ffmpeg. Pure: text in, arguments out.
 *
 * One ffmpeg has two outputs made from the same decoded frames. One is the pictures, raw, on descriptor 3. The other is
 * a line per frame with its presentation time, on descriptor 4: `wrapped_avframe` hands the frame over without
 * touching its pixels and `framecrc` prints its times (and a checksum of a struct of some hundred bytes), so it costs
 * next to nothing. Line k belongs to picture k. The times come first: a picture may block ffmpeg until we read it, and
 * we read it only when the header above the times has told us its size.
 */
import { statSync } from "node:fs";
import { CommandError, usageError } from "./failure.ts";
import { ffmpegPixelFormats, type Size, type VideoFormat } from "./option-parsers.ts";

export type InputKind = "test" | "file" | "rtsp" | "v4l2";

/** Which clock the pts count in. `frame`: ffmpeg's default, a tick per frame; `source`: the container's own ticks. */
export type TimeBaseChoice = "frame" | "source";

export interface DecodeRequest {
  kind: Exclude<InputKind, "test">;
  input: string;
  format: VideoFormat;
  size?: Size | undefined;
  /** Frames per second, as text that parseRate() accepted. */
  fps?: string | undefined;
  timeBase: TimeBaseChoice;
  rtspTransport: "tcp" | "udp";
}

/** Options whose names changed between the releases that people have: 4.4 (Ubuntu 22.04), 5.1 (Debian 12), 6, 7. */
export interface FfmpegDialect {
  passthrough: readonly string[];
  sourceTimeBase: readonly string[];
  rtspTimeout: string;
}

/** A camera that says nothing for this long is broken, and ffmpeg ends. */
const rtspTimeoutUs = 5_000_000;

export function isLive(kind: InputKind): boolean {
  return kind === "rtsp" || kind === "v4l2";
}

/** Says what an input is. A path of an existing file wins over anything that looks like an address. */
export function classifyInput(input: string): InputKind {
  if (input === "test:") return "test";
  if (/^\/dev\/video\d+$/.test(input)) return "v4l2";
  if (/^rtsps?:\/\//i.test(input)) return "rtsp";
  const stats = statSync(input, { throwIfNoEntry: false });
  if (stats?.isDirectory()) throw usageError(`"${input}" is a directory; give a video file`);
  if (stats) return "file";
  if (/^[a-z][a-z0-9+.-]*:/i.test(input)) {
    throw usageError(`"${input}" is not an input; give a file, rtsp://..., /dev/videoN or test:`);
  }
  throw new CommandError("ERR_NOT_FOUND", `there is no file "${input}"; check the path`);
}

export function parseFfmpegVersion(banner: string): FfmpegDialect {
  // A build from git says N-12345-g0abcdef: as new as can be.
  const match = /^ffmpeg version n?(\d+)\.(\d+)/m.exec(banner);
  const major = match ? Number(match[1]) : 99;
  const minor = match ? Number(match[2]) : 0;
  const since = (wantMajor: number, wantMinor: number) =>
    major > wantMajor || (major === wantMajor && minor >= wantMinor);
  return {
    passthrough: since(5, 1) ? ["-fps_mode", "passthrough"] : ["-vsync", "passthrough"],
    sourceTimeBase: ["-enc_time_base", since(6, 1) ? "demux" : "-1"],
    rtspTimeout: since(5, 0) ? "-timeout" : "-stimeout",
  };
}

export function buildFfmpegArgs(request: DecodeRequest, dialect: FfmpegDialect): string[] {
  const shared = ["-map", "0:v:0", ...dialect.passthrough];
  const rateFilter = request.fps === undefined ? [] : [`fps=${request.fps}`];
  const sizeFilter = request.size === undefined ? [] : [`scale=${request.size.width}:${request.size.height}`];
  return [
    "-nostdin",
    "-hide_banner",
    "-loglevel",
    "error",
    ...inputArgs(request, dialect),
    ...shared,
    ...filterArgs(rateFilter),
    ...(request.timeBase === "source" ? dialect.sourceTimeBase : []),
    ...["-c:v", "wrapped_avframe", "-flush_packets", "1", "-f", "framecrc", "pipe:4"],
    ...shared,
    ...filterArgs([...rateFilter, ...sizeFilter]),
    ...["-pix_fmt", ffmpegPixelFormats[request.format]],
    ...["-c:v", "rawvideo", "-flush_packets", "1", "-f", "rawvideo", "pipe:3"],
  ];
}

function filterArgs(filters: readonly string[]): string[] {
  return filters.length === 0 ? [] : ["-vf", filters.join(",")];
}

/**
 * The input always follows -i with its scheme written out: a file named `-y` or `concat:a|b` is only ever a file, and
 * the whitelist keeps a playlist inside a file from reaching the network.
 */
function inputArgs(request: DecodeRequest, dialect: FfmpegDialect): string[] {
  switch (request.kind) {
    case "file":
      return ["-protocol_whitelist", "file,crypto,data", "-i", `file:${request.input}`];
    case "rtsp":
      return [
        ...["-protocol_whitelist", "rtsp,rtsps,rtp,srtp,udp,tcp,tls,crypto"],
        ...["-rtsp_transport", request.rtspTransport, dialect.rtspTimeout, String(rtspTimeoutUs)],
        ...["-fflags", "nobuffer", "-i", request.input],
      ];
    case "v4l2":
      return [
        ...["-f", "v4l2"],
        ...(request.fps === undefined ? [] : ["-framerate", request.fps]),
        ...(request.size === undefined ? [] : ["-video_size", `${request.size.width}x${request.size.height}`]),
        ...["-i", request.input],
      ];
  }
}
