import { copyFileSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Decoder } from "../../../sdk/cli/decoder.ts";
import type { DecodeRequest, FfmpegDialect } from "../../../sdk/cli/ffmpeg-args.ts";
import { FfmpegInput } from "../../../sdk/cli/ffmpeg-input.ts";
import { findFfmpeg } from "../../../sdk/cli/ffmpeg-process.ts";
import { framemd5Line } from "../../../sdk/cli/framemd5.ts";
import { ffmpegPixelFormats, type VideoFormat } from "../../../sdk/cli/option-parsers.ts";
import { type ClipName, Clips } from "./ffmpeg-clips.ts";
import { fifoPipes } from "./fifo-pipes.ts";
import { allFormats, plainFrame, plainLayout } from "./plain-frames.ts";

const clips = new Clips();
let dialect: FfmpegDialect;

beforeAll(async () => {
  dialect = await findFfmpeg();
});
afterAll(() => clips[Symbol.dispose]());

function request(input: string, format: VideoFormat, more: Partial<DecodeRequest> = {}): DecodeRequest {
  return { kind: "file", input, format, timeBase: "frame", rtspTransport: "tcp", ...more };
}

/** Runs an input to its end (or `most` frames) and describes every frame as ffmpeg's framemd5 would. */
async function describeAll(input: FfmpegInput, most = Number.POSITIVE_INFINITY) {
  const spec = await input.open();
  const layout = plainLayout(spec.format as VideoFormat, spec.width, spec.height ?? 0, spec.timeBase);
  const lines: string[] = [];
  while (lines.length < most) {
    const frame = plainFrame(layout);
    const times = await input.read(frame);
    if (!times) break;
    if ("frame" in times) throw new Error("the size changed");
    lines.push(framemd5Line({ layout, data: frame.data, ...times }).trimEnd());
  }
  await input.close();
  const timeBase = `${spec.timeBase?.num}/${spec.timeBase?.den}`;
  return { timeBase, dimensions: `${spec.width}x${spec.height}`, lines };
}

function openInput(name: ClipName, format: VideoFormat, more: Partial<DecodeRequest> = {}, loop = false): FfmpegInput {
  return new FfmpegInput({ pipes: fifoPipes, request: request(clips.path(name), format, more), loop });
}

const cases: [ClipName, VideoFormat][] = [
  ["bframes.mp4", "NV12"],
  ["bframes.mp4", "RGBA"],
  ["large.mp4", "NV12"],
  ["odd.mkv", "I420"],
  ["ntsc.mkv", "I420"],
  ["vfr.mp4", "NV12"],
  ["camera.ts", "GRAY8"],
  ["rotated.mp4", "NV12"],
  ["changes-size.ts", "NV12"],
];

test.for(cases)("%s as %s: count, order, pts, duration and hash are ffmpeg's own", async ([name, format]) => {
  const expected = clips.framemd5(name, "-pix_fmt", ffmpegPixelFormats[format]);
  expect(expected.lines.length).toBeGreaterThan(10);
  expect(await describeAll(openInput(name, format))).toEqual(expected);
});

test.for(allFormats)("an odd size as %s: every frame is as long as the layout says", async (format) => {
  const expected = clips.framemd5("odd.mkv", "-pix_fmt", ffmpegPixelFormats[format]);
  expect(await describeAll(openInput("odd.mkv", format))).toEqual(expected);
});

test("the container's own ticks, for a clip whose rate varies", async () => {
  const expected = clips.framemd5("vfr.mp4", "-enc_time_base", "-1", "-pix_fmt", "nv12");
  expect(expected.timeBase).toBe("1/90000");
  expect(await describeAll(openInput("vfr.mp4", "NV12", { timeBase: "source" }))).toEqual(expected);
});

test("another size and rate, as ffmpeg's filters make them", async () => {
  const filter = ["-vf", "fps=10/1,scale=160:90", "-pix_fmt", "nv12"];
  const expected = clips.framemd5("bframes.mp4", ...filter);
  const input = openInput("bframes.mp4", "NV12", { fps: "10/1", size: { width: 160, height: 90 } });
  expect(await describeAll(input)).toEqual(expected);
});

test.for<ClipName>(["bframes.mp4", "camera.ts"])("%s loops: every frame again, times go on", async (name) => {
  const once = clips.framemd5(name, "-pix_fmt", "gray");
  const length = once.lines.length;
  const looped = await describeAll(openInput(name, "GRAY8", {}, true), length * 3);
  const fields = (line: string) => line.split(",").map((field) => field.trim());
  expect(looped.lines.map((line) => fields(line)[5])).toEqual(
    [...once.lines, ...once.lines, ...once.lines].map((line) => fields(line)[5]),
  );
  const first = Number(fields(once.lines[0] ?? "")[2]);
  expect(looped.lines.map((line) => Number(fields(line)[2]))).toEqual(
    Array.from({ length: length * 3 }, (_, index) => first + index),
  );
});

test("a file that is another one when it begins again: its own size, its own pictures, times go on", async () => {
  const path = join(clips.folder, "replaced.ts");
  copyFileSync(clips.path("camera.ts"), path);
  const input = new FfmpegInput({ pipes: fifoPipes, request: request(path, "NV12"), loop: true });
  const hashes = (name: ClipName) => clips.framemd5(name, "-pix_fmt", "nv12").lines.map((line) => line.split(",")[5]);
  const expected = [...hashes("camera.ts"), ...hashes("smaller.ts")];
  let spec = await input.open();
  expect(spec).toMatchObject({ width: 320, height: 240 });
  copyFileSync(clips.path("smaller.ts"), `${path}.new`);
  renameSync(`${path}.new`, path); // ffmpeg has the first one open
  const seen: (string | undefined)[] = [];
  const pts: bigint[] = [];
  let changes = 0;
  while (seen.length < expected.length) {
    const layout = plainLayout("NV12", spec.width, spec.height ?? 0, spec.timeBase);
    const frame = plainFrame(layout);
    const times = (await input.read(frame)) ?? expect.fail("a loop has no end");
    if ("frame" in times) {
      expect(seen).toHaveLength(hashes("camera.ts").length);
      spec = times.frame;
      changes++;
      continue;
    }
    seen.push(
      framemd5Line({ layout, data: frame.data, ...times })
        .trimEnd()
        .split(",")[5],
    );
    pts.push(times.pts ?? -1n);
  }
  await input.close();
  expect(changes).toBe(1);
  expect(spec).toMatchObject({ format: "NV12", width: 160, height: 120 });
  expect(seen).toEqual(expected);
  expect(pts.every((each, index) => index === 0 || each > (pts[index - 1] ?? 0n))).toBe(true);
});

test("with a size of its own, a source does not change when its input does", async () => {
  const path = join(clips.folder, "replaced-too.ts");
  copyFileSync(clips.path("camera.ts"), path);
  const size = { width: 64, height: 48 };
  const input = new FfmpegInput({ pipes: fifoPipes, request: request(path, "NV12", { size }), loop: true });
  await input.open();
  copyFileSync(clips.path("smaller.ts"), `${path}.new`);
  renameSync(`${path}.new`, path);
  const frame = plainFrame(plainLayout("NV12", 64, 48));
  for (let count = 0; count < 60; count++) expect(await input.read(frame)).toHaveProperty("pts");
  await input.close();
});

test("a name that looks like an option or a protocol is a file", async () => {
  const before = process.cwd();
  for (const name of ["-y.mp4", "concat:a.mp4"]) {
    copyFileSync(clips.path("bframes.mp4"), join(clips.folder, name));
    process.chdir(clips.folder);
    try {
      const input = new FfmpegInput({ pipes: fifoPipes, request: request(name, "GRAY8"), loop: false });
      expect((await describeAll(input, 3)).lines).toHaveLength(3);
    } finally {
      process.chdir(before);
    }
  }
});

test("a file that is no video fails with ffmpeg's own words", async () => {
  const path = join(clips.folder, "broken.mp4");
  writeFileSync(path, "this is not a video");
  const input = new FfmpegInput({ pipes: fifoPipes, request: request(path, "NV12"), loop: false });
  await expect(input.open()).rejects.toThrow(
    expect.objectContaining({ code: "ERR_DECODER", message: expect.stringContaining("Invalid data") }),
  );
  await input.close();
});

test("without ffmpeg the error says how to install it", async () => {
  const before = process.env.EDGESTREAM_FFMPEG;
  process.env.EDGESTREAM_FFMPEG = "/nonexistent/ffmpeg";
  try {
    await expect(findFfmpeg()).rejects.toThrow(
      expect.objectContaining({ code: "ERR_NO_FFMPEG", message: expect.stringContaining("apt-get install ffmpeg") }),
    );
  } finally {
    if (before === undefined) delete process.env.EDGESTREAM_FFMPEG;
    else process.env.EDGESTREAM_FFMPEG = before;
  }
});

test("close() in the middle ends ffmpeg, and a pending read with it", async () => {
  const decoder = new Decoder(fifoPipes, request(clips.path("large.mp4"), "NV12"), dialect);
  await decoder.header();
  const layout = plainLayout("NV12", 1920, 1080);
  const first = await decoder.read(new Uint8Array(layout.size));
  expect(first).toEqual({ pts: 0n, duration: 1n });
  const pending = decoder.read(new Uint8Array(layout.size)).catch(() => undefined);
  await decoder.close();
  await pending;
  const pid = decoder.pid;
  expect(pid).toBeGreaterThan(0);
  // Reaped as well: signal 0 reaches a zombie, but not a process that is gone.
  expect(() => process.kill(pid ?? 0, 0)).toThrow("ESRCH");
  expect(await decoder.read(new Uint8Array(layout.size))).toBeUndefined();
});

test("a cut file gives the frames that ffmpeg gives", async () => {
  const bytes = readFileSync(clips.path("camera.ts"));
  const path = join(clips.folder, "cut.ts");
  writeFileSync(path, bytes.subarray(0, Math.floor(bytes.length / 2)));
  const input = new FfmpegInput({ pipes: fifoPipes, request: request(path, "GRAY8"), loop: false });
  const whole = clips.framemd5("camera.ts", "-pix_fmt", "gray");
  const { lines } = await describeAll(input);
  expect(lines.length).toBeGreaterThan(3);
  expect(lines.length).toBeLessThan(whole.lines.length);
  expect(lines.slice(0, 3)).toEqual(whole.lines.slice(0, 3));
});
