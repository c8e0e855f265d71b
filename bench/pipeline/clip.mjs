/** The video of the run: made once by ffmpeg, H.264 with B-frames, moving, with a camera's noise and bit rate. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";

const folder = join(import.meta.dirname, "..", "..", "build", "bench");
const seconds = 20;

export const fps = 30;

/** Bits per second for a picture of this size: 6 Mbit/s at 1080p. */
function bitRate({ width, height }) {
  return Math.max(500_000, Math.round((6_000_000 * width * height) / (1920 * 1080)));
}

/** The clip's path. */
export function makeClip(size, say) {
  const path = join(folder, `clip-${size.width}x${size.height}.mp4`);
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  say(`making a clip of ${seconds} s, once: ${path}`);
  const picture = `testsrc2=size=${size.width}x${size.height}:rate=${fps}:duration=${seconds},noise=c0s=5:c0f=t`;
  const coded = ["-c:v", "libx264", "-preset", "veryfast", "-bf", "2", "-g", "60", "-pix_fmt", "yuv420p"];
  // Under another name until it is complete: a run that was interrupted leaves no half clip behind.
  const unfinished = path.replace(".mp4", `.${process.pid}.mp4`);
  const quiet = ["-nostdin", "-hide_banner", "-loglevel", "error", "-y"];
  execFileSync("ffmpeg", [...quiet, "-f", "lavfi", "-i", picture, ...coded, "-b:v", String(bitRate(size)), unfinished]);
  renameSync(unfinished, path);
  return path;
}
