import { execFileSync } from "node:child_process";
import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { type FrameToWrite, makeWriter, type WriterName } from "../../../sdk/cli/frame-writers.ts";
import { ffmpegPixelFormats, type VideoFormat } from "../../../sdk/cli/option-parsers.ts";
import { Output } from "../../../sdk/cli/output.ts";
import { TestPattern } from "../../../sdk/cli/test-pattern.ts";
import { ticksToNs } from "../../../sdk/cli/ticks.ts";
import { parseFramemd5 } from "./ffmpeg-clips.ts";
import { allFormats, plainFrame, plainLayout } from "./plain-frames.ts";

const base = { num: 1, den: 25 };

function drawFrames(format: VideoFormat, width: number, height: number, count: number): FrameToWrite[] {
  const pattern = new TestPattern(format, { width, height });
  const layout = plainLayout(format, width, height, base);
  return Array.from({ length: count }, (_, index) => {
    const frame = plainFrame(layout);
    pattern.draw(frame, index + 1);
    const pts = ticksToNs(BigInt(index), base);
    const duration = ticksToNs(1n, base);
    return { ...frame, layoutId: 1, pts, duration, number: BigInt(index + 1), size: layout.size };
  });
}

async function writeAll(name: WriterName, frames: readonly FrameToWrite[]): Promise<Buffer> {
  const stream = new PassThrough();
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(Buffer.from(chunk)));
  const writer = makeWriter(name, new Output(stream, false));
  for (const frame of frames) await writer.write(frame);
  stream.end();
  return Buffer.concat(chunks);
}

function ffmpeg(format: VideoFormat, size: string, frames: readonly FrameToWrite[], ...output: string[]): Buffer {
  const input = ["-f", "rawvideo", "-pix_fmt", ffmpegPixelFormats[format], "-s", size, "-r", "25", "-i", "pipe:0"];
  const raw = Buffer.concat(frames.map((frame) => frame.data));
  const args = ["-hide_banner", "-loglevel", "error", ...input, ...output];
  return execFileSync("ffmpeg", args, { input: raw, maxBuffer: 1 << 28 });
}

test.for(allFormats)("%s: framemd5 is ffmpeg's, line by line", async (format) => {
  const frames = drawFrames(format, 641, 359, 5);
  const ours = parseFramemd5((await writeAll("framemd5", frames)).toString());
  const theirs = parseFramemd5(ffmpeg(format, "641x359", frames, "-f", "framemd5", "-").toString());
  expect(ours).toEqual(theirs);
  expect(ours.lines).toHaveLength(5);
});

test.for<[VideoFormat, number, number]>([
  ["I420", 320, 240],
  ["I420", 641, 359],
  ["GRAY8", 641, 359],
])("%s %ix%i: y4m has ffmpeg's bytes after the header", async ([format, width, height]) => {
  const frames = drawFrames(format, width, height, 3);
  const ours = await writeAll("y4m", frames);
  const strict = ["-strict", "-1"];
  const theirs = ffmpeg(format, `${width}x${height}`, frames, ...strict, "-f", "yuv4mpegpipe", "-");
  const afterHeader = (bytes: Buffer) => bytes.subarray(bytes.indexOf("\n"));
  expect(afterHeader(ours).equals(afterHeader(theirs))).toBe(true);
  expect(ours.subarray(0, 60).toString()).toMatch(new RegExp(`^YUV4MPEG2 W${width} H${height} F25:1 Ip `));
});

test.for<[VideoFormat, number, number]>([
  ["NV12", 320, 240],
  ["NV12", 641, 359],
  ["I420", 641, 359],
  ["GRAY8", 64, 48],
])("%s %ix%i: ffmpeg reads our y4m and finds the same pictures", async ([format, width, height]) => {
  const frames = drawFrames(format, width, height, 3);
  const y4m = await writeAll("y4m", frames);
  const pixels = ffmpegPixelFormats[format];
  const args = ["-hide_banner", "-loglevel", "error", "-f", "yuv4mpegpipe", "-i", "pipe:0"];
  const output = ["-pix_fmt", pixels, "-f", "rawvideo", "-"];
  const back = execFileSync("ffmpeg", [...args, ...output], { input: y4m, maxBuffer: 1 << 28 });
  expect(back.equals(Buffer.concat(frames.map((frame) => frame.data)))).toBe(true);
});

test("raw is the frames' bytes, one behind the other; null is nothing", async () => {
  const frames = drawFrames("NV12", 65, 33, 3);
  expect((await writeAll("raw", frames)).equals(Buffer.concat(frames.map((frame) => frame.data)))).toBe(true);
  expect((await writeAll("null", frames)).length).toBe(0);
});

test("y4m refuses a format that it cannot hold and says what works", async () => {
  await expect(writeAll("y4m", drawFrames("RGBA", 64, 48, 1))).rejects.toThrow(/--as raw/);
});

test("a change of size in the middle is an error, not a broken file", async () => {
  const frames = [...drawFrames("I420", 64, 48, 1), ...drawFrames("I420", 128, 96, 1)];
  await expect(writeAll("y4m", frames)).rejects.toThrow(expect.objectContaining({ code: "ERR_BAD_MATCH" }));
  await expect(writeAll("framemd5", frames)).rejects.toThrow(expect.objectContaining({ code: "ERR_BAD_MATCH" }));
});

test("a clock finer than the frames is not taken for a frame rate", async () => {
  const layout = plainLayout("GRAY8", 64, 48, { num: 1, den: 90_000 });
  const [frame] = drawFrames("GRAY8", 64, 48, 1);
  if (!frame) throw new Error("no frame was drawn");
  const known = await writeAll("y4m", [{ ...frame, layout, duration: 40_000_000n }]);
  expect(known.toString("latin1")).toContain(" F90000:3600 ");
  const unknown = await writeAll("y4m", [{ ...frame, layout, duration: 0n }]);
  expect(unknown.toString("latin1")).toContain(" F30:1 ");
});

test("a frame without a time is ffmpeg's unknown", async () => {
  const [frame] = drawFrames("GRAY8", 64, 48, 1);
  if (!frame) throw new Error("no frame was drawn");
  const text = (await writeAll("framemd5", [{ ...frame, pts: undefined }])).toString();
  expect(text).toContain("0, -9223372036854775808, -9223372036854775808,");
});
