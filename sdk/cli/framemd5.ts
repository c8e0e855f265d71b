/** ffmpeg's framemd5, version 2: a line per frame with its times and the MD5 of its bytes. */
import { createHash } from "node:crypto";
import type { FrameLayout } from "../base/types.ts";
import { nsToTicks, type TimeBase } from "./ticks.ts";

/** Without a clock of its own a stream counts nanoseconds. */
const nanoseconds: TimeBase = { num: 1, den: 1_000_000_000 };
/** ffmpeg's number for "unknown". */
const unknownTicks = -(2n ** 63n);

export function framemd5Header(layout: FrameLayout): string {
  const base = layout.timeBase ?? nanoseconds;
  return [
    "#format: frame checksums",
    "#version: 2",
    "#hash: MD5",
    "#software: edgestream",
    `#tb 0: ${base.num}/${base.den}`,
    "#media_type 0: video",
    "#codec_id 0: rawvideo",
    `#dimensions 0: ${layout.width}x${layout.height}`,
    "#sar 0: 0/1",
    "#stream#, dts,        pts, duration,     size, hash",
    "",
  ].join("\n");
}

export interface HashedFrame {
  layout: FrameLayout;
  pts: bigint | undefined;
  duration: bigint;
  data: Uint8Array;
}

export function framemd5Line(frame: HashedFrame): string {
  const base = frame.layout.timeBase ?? nanoseconds;
  const pts = String(frame.pts === undefined ? unknownTicks : nsToTicks(frame.pts, base)).padStart(10);
  const duration = String(nsToTicks(frame.duration, base)).padStart(8);
  const size = String(frame.data.length).padStart(8);
  const hash = createHash("md5").update(frame.data).digest("hex");
  return `0, ${pts}, ${pts}, ${duration}, ${size}, ${hash}\n`;
}
