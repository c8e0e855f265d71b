/** A real clip through `edgestream source` and `edgestream pull`, against what ffmpeg says of the same clip. */
import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openStream } from "edgestream";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { Child, endChildren, until } from "../programs/child.ts";

const cli = fileURLToPath(new URL("../../dist/sdk/cli/main.js", import.meta.url));
let folder = "";

const clips = {
  "B-frames": ["-f", "lavfi", "-i", "testsrc2=size=640x360:rate=30:duration=3", "-c:v", "libx264", "-bf", "3"],
  "odd size": ["-f", "lavfi", "-i", "testsrc2=size=641x359:rate=25:duration=2", "-c:v", "libx264rgb", "-bf", "2"],
  // Every third frame is missing, and the rest keep their times.
  "variable rate": [
    ...["-f", "lavfi", "-i", "testsrc2=size=320x240:rate=30:duration=3", "-vf", "select='mod(n,3)'"],
    ...["-fps_mode", "vfr", "-c:v", "libx264", "-bf", "2"],
  ],
} as const;
type Clip = keyof typeof clips;

const ffmpegNames = { NV12: "nv12", I420: "yuv420p", RGBA: "rgba" } as const;
type Format = keyof typeof ffmpegNames;

function clipPath(clip: Clip): string {
  return join(folder, `${clip.replace(/\W/g, "-")}.mp4`);
}

function edgestream(...args: string[]): Child {
  return new Child(process.execPath, [cli, ...args], { env: { EDGESTREAM_RUNTIME_DIR: join(folder, "run") } });
}

/** What says the same in both: the clock, and of each frame pts, size and hash. */
function frames(md5: string): { clock: string | undefined; lines: string[] } {
  const rows = md5.split("\n").map((row) => row.replaceAll(" ", ""));
  const clock = rows.find((row) => row.startsWith("#tb"));
  const lines = rows.filter((row) => row !== "" && !row.startsWith("#"));
  return {
    clock,
    lines: lines.map((row) =>
      row
        .split(",")
        .filter((_, column) => [2, 4, 5].includes(column))
        .join(),
    ),
  };
}

function ownOpinionOfFfmpeg(clip: Clip, format: Format) {
  const args = ["-nostdin", "-loglevel", "error", "-i", clipPath(clip), "-fps_mode", "passthrough"];
  args.push("-pix_fmt", ffmpegNames[format], "-f", "framemd5", "-");
  return frames(execFileSync("ffmpeg", args, { encoding: "utf8" }));
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "es-"));
  mkdirSync(join(folder, "run"));
  for (const clip of Object.keys(clips) as Clip[]) {
    execFileSync("ffmpeg", ["-nostdin", "-loglevel", "error", ...clips[clip], "-y", clipPath(clip)]);
  }
});
afterEach(endChildren);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("source, fifo and pull give what ffmpeg gives: count, order, times, sizes and hashes", () => {
  const cases: [Clip, Format][] = (Object.keys(clips) as Clip[]).flatMap((clip) =>
    (Object.keys(ffmpegNames) as Format[]).map((format): [Clip, Format] => [clip, format]),
  );
  test.each(cases)("%s as %s", async (clip, format) => {
    const out = join(folder, "pulled.md5");
    const pull = edgestream("pull", "clip", "--as", "framemd5", "--out", out);
    const source = edgestream("source", clipPath(clip), "--name", "clip", "--format", format, "--wait-consumers", "1");
    await Promise.all([source.ended(), pull.ended()]);
    const expected = ownOpinionOfFfmpeg(clip, format);
    expect(expected.lines.length).toBeGreaterThan(40);
    expect(frames(readFileSync(out, "utf8"))).toEqual(expected);
  });
});

test("pull --as y4m writes what a player reads", async () => {
  const out = join(folder, "pulled.y4m");
  const pull = edgestream("pull", "y4m", "--as", "y4m", "--out", out);
  const source = edgestream("source", clipPath("B-frames"), "--name", "y4m", "--wait-consumers", "1");
  await Promise.all([source.ended(), pull.ended()]);
  const args = ["-nostdin", "-loglevel", "error", "-i", out, "-pix_fmt", "yuv420p", "-f", "framemd5", "-"];
  const read = frames(execFileSync("ffmpeg", args, { encoding: "utf8" }));
  expect(read.lines.map((line) => line.split(",")[2])).toEqual(
    ownOpinionOfFfmpeg("B-frames", "I420").lines.map((line) => line.split(",")[2]),
  );
});

test("an input that comes back in another size: its readers stay, and see each frame as it is", async () => {
  const path = join(folder, "camera.mp4");
  copyFileSync(clipPath("variable rate"), path);
  const source = edgestream("source", path, "--name", "camera", "--loop", "--wait-consumers", "1");
  const stream = await openStream("camera", { runtimeDir: join(folder, "run"), mode: "fifo", timeoutMs: 30_000 });
  const consumer = await stream.connectConsumer();
  const sizes: string[] = [];
  consumer.on("formatchange", ({ layout, previous }) => {
    sizes.push(`${previous.width}x${previous.height}`, `${layout.width}x${layout.height}`);
  });
  let last = 0n;
  for await (const frame of consumer) {
    expect(frame.number).toBe(last + 1n);
    last = frame.number;
    expect(frame.data.length).toBe((frame.width * frame.height * 3) / 2);
    if (frame.number === 5n) {
      copyFileSync(clipPath("B-frames"), `${path}.new`);
      renameSync(`${path}.new`, path);
    }
    if (frame.width === 640 && sizes.length > 0) break;
  }
  expect(sizes).toEqual(["320x240", "640x360"]);
  await stream.close();
  source.kill("SIGTERM");
  await source.ended();
  expect(source.stderr).toContain("NV12 640x360 from here on");
});

test("without ffmpeg source says what is missing and how to install it", () => {
  const args = [cli, "source", clipPath("B-frames"), "--name", "none"];
  const env = { PATH: join(folder, "empty"), EDGESTREAM_RUNTIME_DIR: join(folder, "run") };
  const result = spawnSync(process.execPath, args, { env, encoding: "utf8" });
  expect(result.status).toBe(1);
  expect(result.stderr).toContain("apt-get install ffmpeg");
});

test("a source that is killed leaves no ffmpeg behind", async () => {
  const source = edgestream("source", clipPath("B-frames"), "--name", "killed", "--loop", "--quiet");
  const pull = edgestream("pull", "killed", "--as", "null", "--count", "20");
  await pull.ended();
  const children = readFileSync(`/proc/${source.pid}/task/${source.pid}/children`, "utf8").trim();
  expect(children).not.toBe("");
  source.kill();
  await source.exit;
  await until("ffmpeg to end", () => children.split(" ").every((pid) => !existsSync(`/proc/${pid}`)));
});
