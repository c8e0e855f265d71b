// The video of the demo: yours, or one that ffmpeg makes once, H.264 with B-frames like a camera's recording.
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const quiet = ["-nostdin", "-hide_banner", "-loglevel", "error", "-y"];
const seconds = 14;

/** 14 s at 30 frames per second: more of a longer clip is not played. */
export const framesMax = seconds * 30;

/** Resolves to the clip's path. */
export async function findClip(root, given) {
  if (given !== undefined) {
    if (!existsSync(given)) throw new Error(`there is no file "${given}"`);
    return given;
  }
  const path = join(root, ".cache", "demo-1280x720.mp4");
  if (existsSync(path)) return path;
  mkdirSync(join(root, ".cache"), { recursive: true });
  console.log(`Making a clip of ${seconds} s once: ${path}`);
  const picture = ["-f", "lavfi", "-i", `testsrc2=size=1280x720:rate=30:duration=${seconds}`];
  const coded = ["-c:v", "libx264", "-preset", "veryfast", "-bf", "3", "-g", "60", "-pix_fmt", "yuv420p"];
  // Under another name until it is complete: a demo that was interrupted leaves no half clip behind.
  const unfinished = path.replace(".mp4", `.${process.pid}.mp4`);
  await ffmpeg([...picture, ...coded, unfinished]);
  renameSync(unfinished, path);
  return path;
}

/** What ffmpeg itself decodes from the clip: `stream, dts, pts, duration, size, hash` per frame. */
export async function decodeByFfmpeg(clip) {
  const frames = ["-map", "0:v:0", "-fps_mode", "passthrough", "-frames:v", String(framesMax), "-pix_fmt", "nv12"];
  return framesOf(await ffmpeg(["-i", `file:${clip}`, ...frames, "-f", "framemd5", "-"]));
}

/** The lines of a framemd5 text that stand for frames, and its clock. */
export function framesOf(text) {
  const lines = text.split("\n").filter((line) => line !== "");
  return {
    clock: lines.find((line) => line.startsWith("#tb 0:")),
    frames: lines.filter((line) => !line.startsWith("#")),
  };
}

async function ffmpeg(args) {
  try {
    const { stdout } = await run("ffmpeg", [...quiet, ...args], { maxBuffer: 1 << 26 });
    return stdout;
  } catch (error) {
    if (error.code === "ENOENT") throw new Error("ffmpeg is not installed; install it with: apt-get install ffmpeg");
    throw new Error(`ffmpeg failed: ${error.stderr || error.message}`);
  }
}
