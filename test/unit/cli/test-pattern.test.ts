import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { ffmpegPixelFormats, type VideoFormat } from "../../../sdk/cli/option-parsers.ts";
import { markLayout, readFrameMark } from "../../../sdk/cli/pattern-mark.ts";
import { TestInput, TestPattern } from "../../../sdk/cli/test-pattern.ts";
import { allFormats, plainFrame, plainLayout } from "./plain-frames.ts";

const sizes: [number, number][] = [
  [1920, 1080],
  [641, 359],
  [640, 360],
  [65, 33],
  [64, 48],
  [127, 255],
];

test.for(allFormats)("%s: the number comes back, at every size, odd ones included", (format) => {
  for (const [width, height] of sizes) {
    const pattern = new TestPattern(format, { width, height });
    const frame = plainFrame(plainLayout(format, width, height));
    for (const number of [1, 2, 59, 65_535, 123_456, 4_294_967_295]) {
      pattern.draw(frame, number);
      expect(readFrameMark(frame), `${width}x${height} ${number}`).toBe(number);
    }
  }
});

test.for(allFormats)("%s: every byte is drawn, whatever was in the slot before", (format) => {
  for (const [width, height] of sizes) {
    const pattern = new TestPattern(format, { width, height });
    const layout = plainLayout(format, width, height);
    const zeros = plainFrame(layout, 0x00);
    const ones = plainFrame(layout, 0xff);
    pattern.draw(zeros, 77);
    pattern.draw(ones, 12);
    pattern.draw(ones, 77);
    expect(Buffer.compare(zeros.data, ones.data), `${width}x${height}`).toBe(0);
    pattern.draw(ones, 78);
    expect(Buffer.compare(zeros.data, ones.data), `${width}x${height}`).not.toBe(0);
  }
});

/** What ffmpeg makes of a drawn frame, in another format. */
function convert(data: Uint8Array, from: VideoFormat, to: VideoFormat, width: number, height: number): Uint8Array {
  const size = ["-s", `${width}x${height}`];
  const input = ["-f", "rawvideo", "-pix_fmt", ffmpegPixelFormats[from], ...size, "-i", "pipe:0"];
  const output = ["-pix_fmt", ffmpegPixelFormats[to], "-f", "rawvideo", "pipe:1"];
  const quiet = ["-hide_banner", "-loglevel", "error"];
  return execFileSync("ffmpeg", [...quiet, ...input, ...output], { input: data, maxBuffer: 1 << 26 });
}

test.for(allFormats)("%s: ffmpeg sees the same picture as in RGB, number included", (format) => {
  const [width, height] = [641, 359];
  const draw = (as: VideoFormat) => {
    const frame = plainFrame(plainLayout(as, width, height));
    new TestPattern(as, { width, height }).draw(frame, 4711);
    return frame;
  };
  const drawn = draw(format);
  const seen = plainFrame(plainLayout("RGB", width, height));
  seen.data.set(convert(drawn.data, format, "RGB", width, height));
  expect(readFrameMark(seen)).toBe(4711);
  if (format.startsWith("GRAY")) return;
  const wanted = draw("RGB").data;
  let far = 0;
  for (let index = 0; index < wanted.length; index += 1) {
    if (Math.abs((wanted[index] ?? 0) - (seen.data[index] ?? 0)) > 12) far += 1;
  }
  // Chroma is interpolated at the edges of bars and digits; everywhere else it is the same colour.
  expect(far / wanted.length).toBeLessThan(0.06);
});

test("the mark survives lossy coding", () => {
  const [width, height] = [320, 240];
  const layout = plainLayout("I420", width, height);
  const frame = plainFrame(layout);
  new TestPattern("I420", { width, height }).draw(frame, 987_654);
  const raw = ["-f", "rawvideo", "-pix_fmt", "yuv420p"];
  const quiet = ["-hide_banner", "-loglevel", "error"];
  const jpeg = execFileSync(
    "ffmpeg",
    [...quiet, ...raw, "-s", "320x240", "-i", "pipe:0", "-q:v", "25", "-f", "mjpeg", "pipe:1"],
    { input: frame.data },
  );
  const back = execFileSync("ffmpeg", [...quiet, "-f", "mjpeg", "-i", "pipe:0", ...raw, "pipe:1"], { input: jpeg });
  const seen = plainFrame(layout);
  seen.data.set(back.subarray(0, layout.size));
  expect(readFrameMark(seen)).toBe(987_654);
});

test("a damaged mark, or none, is not read as a number", () => {
  const frame = plainFrame(plainLayout("NV12", 640, 360));
  expect(readFrameMark(frame)).toBeUndefined();
  new TestPattern("NV12", { width: 640, height: 360 }).draw(frame, 5);
  const { side, perRow } = markLayout(640, 360) ?? { side: 0, perRow: 0 };
  const stride = frame.planes[0]?.stride ?? 0;
  for (let bit = 0; bit < 56; bit += 1) {
    const x = (bit % perRow) * side + side / 2;
    const y = Math.floor(bit / perRow) * side + side / 2;
    const before = frame.data[y * stride + x] ?? 0;
    frame.data[y * stride + x] = 255 - before;
    expect(readFrameMark(frame), `bit ${bit}`).toBeUndefined();
    frame.data[y * stride + x] = before;
  }
  expect(readFrameMark(frame)).toBe(5);
});

test("a picture too small for the mark is refused", () => {
  expect(() => new TestPattern("NV12", { width: 16, height: 16 })).toThrow(/64x32/);
  expect(() => new TestPattern("NV12", { width: 64, height: 32 })).not.toThrow();
});

test("as an input it counts from 1 and keeps its clock exactly", async () => {
  const rate = { num: 30_000, den: 1001 };
  const input = new TestInput({ format: "GRAY8", size: { width: 64, height: 32 }, rate });
  const spec = await input.open();
  expect(spec).toEqual({ format: "GRAY8", width: 64, height: 32, timeBase: { num: 1001, den: 30_000 } });
  const frame = plainFrame(plainLayout("GRAY8", 64, 32));
  expect(await input.read(frame)).toEqual({ pts: 0n, duration: 33_366_667n });
  expect(readFrameMark(frame)).toBe(1);
  expect(await input.read(frame)).toEqual({ pts: 33_366_667n, duration: 33_366_666n });
  expect(readFrameMark(frame)).toBe(2);
  await input.close();
  expect(await input.read(frame)).toBeUndefined();
});
