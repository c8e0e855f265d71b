/** Small real clips, made once per test file by ffmpeg, and what ffmpeg itself says about them. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const quiet = ["-nostdin", "-hide_banner", "-loglevel", "error", "-y"];

/** Arguments between the source and the output file's name. */
const recipes = {
  "bframes.mp4": ["-f", "lavfi", "-i", "testsrc2=size=640x360:rate=30:duration=2", ...h264("-bf", "3", "-g", "30")],
  "large.mp4": ["-f", "lavfi", "-i", "testsrc2=size=1920x1080:rate=30:duration=0.5", ...h264("-bf", "2")],
  "odd.mkv": ["-f", "lavfi", "-i", "testsrc=size=641x359:rate=25:duration=1", "-c:v", "ffv1", "-pix_fmt", "yuv420p"],
  "ntsc.mkv": ["-f", "lavfi", "-i", "testsrc2=size=320x240:rate=30000/1001:duration=1", ...h264("-bf", "2")],
  "vfr.mp4": [
    ...["-f", "lavfi", "-i", "testsrc2=size=320x240:rate=30:duration=3"],
    ...["-vf", "select=not(eq(mod(n\\,7)\\,3))*not(between(n\\,40\\,50)),setpts=PTS+0.011*mod(N\\,3)/TB"],
    ...["-fps_mode", "vfr", "-enc_time_base", "1:90000", ...h264("-bf", "2")],
  ],
  "camera.ts": ["-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25:duration=1", "-c:v", "mpeg2video", "-bf", "2"],
  "smaller.ts": ["-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25:duration=1", "-c:v", "mpeg2video"],
} as const;

function h264(...more: string[]): string[] {
  return ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", ...more];
}

export type ClipName = keyof typeof recipes | "rotated.mp4" | "changes-size.ts";

export class Clips implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "edgestream-clips-"));
  readonly #made = new Set<string>();

  path(name: ClipName): string {
    const path = join(this.folder, name);
    if (this.#made.has(name)) return path;
    if (name === "rotated.mp4") {
      const source = this.path("bframes.mp4");
      execFileSync("ffmpeg", [...quiet, "-i", source, "-c", "copy", "-metadata:s:v", "rotate=90", path]);
    } else if (name === "changes-size.ts") {
      // Two transport streams one behind the other are one, as when a camera changes its resolution.
      writeFileSync(
        path,
        Buffer.concat([this.path("camera.ts"), this.path("smaller.ts")].map((each) => readFileSync(each))),
      );
    } else {
      execFileSync("ffmpeg", [...quiet, ...recipes[name], path]);
    }
    this.#made.add(name);
    return path;
  }

  /** ffmpeg's own account: `pts, duration, size, hash` per frame, and the clock. */
  framemd5(name: ClipName, ...options: string[]): { timeBase: string; dimensions: string; lines: string[] } {
    const map = ["-map", "0:v:0", "-fps_mode", "passthrough", ...options];
    const text = execFileSync("ffmpeg", [...quiet, "-i", this.path(name), ...map, "-f", "framemd5", "-"], {
      encoding: "utf8",
    });
    return parseFramemd5(text);
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export function parseFramemd5(text: string): { timeBase: string; dimensions: string; lines: string[] } {
  const all = text.split("\n");
  return {
    timeBase: all.find((line) => line.startsWith("#tb 0: "))?.slice(7) ?? "",
    dimensions: all.find((line) => line.startsWith("#dimensions 0: "))?.slice(15) ?? "",
    lines: all.filter((line) => line !== "" && !line.startsWith("#")),
  };
}
