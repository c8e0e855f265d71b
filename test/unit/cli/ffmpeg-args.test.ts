import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  buildFfmpegArgs,
  classifyInput,
  type DecodeRequest,
  parseFfmpegVersion,
} from "../../../sdk/cli/ffmpeg-args.ts";

const debian = parseFfmpegVersion("ffmpeg version 5.1.9-0+deb12u1 Copyright (c) 2000-2026");
const plain: DecodeRequest = {
  kind: "file",
  input: "clip.mp4",
  format: "NV12",
  timeBase: "frame",
  rtspTransport: "tcp",
};

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "edgestream-args-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The arguments that follow `name`, each time it appears. */
function valuesOf(args: readonly string[], name: string): (string | undefined)[] {
  return args.flatMap((each, index) => (each === name ? [args[index + 1]] : []));
}

test("the times are the first output, the pictures the second, both made from the same frames", () => {
  const args = buildFfmpegArgs(plain, debian);
  expect(args.indexOf("pipe:4")).toBeLessThan(args.indexOf("pipe:3"));
  expect(valuesOf(args, "-map")).toEqual(["0:v:0", "0:v:0"]);
  expect(valuesOf(args, "-fps_mode")).toEqual(["passthrough", "passthrough"]);
  expect(args).toContain("-nostdin");
});

test("a changed rate changes both outputs, a changed size only the pictures", () => {
  const args = buildFfmpegArgs({ ...plain, fps: "15/1", size: { width: 64, height: 48 } }, debian);
  expect(valuesOf(args, "-vf")).toEqual(["fps=15/1", "fps=15/1,scale=64:48"]);
});

test("a file's name can only ever be a file's name", () => {
  for (const input of ["-y", "concat:a|b", "http://example.org/x", "a;b.mp4"]) {
    const args = buildFfmpegArgs({ ...plain, input }, debian);
    expect(valuesOf(args, "-i")).toEqual([`file:${input}`]);
    expect(valuesOf(args, "-protocol_whitelist")).toEqual(["file,crypto,data"]);
  }
});

test("options follow the release of ffmpeg", () => {
  const rtsp: DecodeRequest = { ...plain, kind: "rtsp", input: "rtsp://camera/1", timeBase: "source" };
  const jammy = buildFfmpegArgs(rtsp, parseFfmpegVersion("ffmpeg version 4.4.2-0ubuntu0.22.04.1 Copyright"));
  expect(jammy).toContain("-vsync");
  expect(jammy).toContain("-stimeout");
  expect(valuesOf(jammy, "-enc_time_base")).toEqual(["-1"]);
  const bookworm = buildFfmpegArgs(rtsp, debian);
  expect(bookworm).toContain("-fps_mode");
  expect(bookworm).toContain("-timeout");
  expect(valuesOf(bookworm, "-enc_time_base")).toEqual(["-1"]);
  for (const banner of ["ffmpeg version n7.1 Copyright", "ffmpeg version N-118193-g5f38c82536 Copyright"]) {
    const recent = buildFfmpegArgs(rtsp, parseFfmpegVersion(banner));
    expect(valuesOf(recent, "-enc_time_base"), banner).toEqual(["demux"]);
  }
});

test("inputs are told apart", () => {
  expect(classifyInput("test:")).toBe("test");
  expect(classifyInput("/dev/video0")).toBe("v4l2");
  expect(classifyInput("RTSP://camera/1")).toBe("rtsp");
  expect(classifyInput("rtsps://camera/1")).toBe("rtsp");
  const odd = join(folder, "rtsp:clip.mp4");
  writeFileSync(odd, "");
  expect(classifyInput(odd)).toBe("file");
});

test("what is not an input is refused with what would be one", () => {
  expect(() => classifyInput("http://example.org/x.mp4")).toThrow(/rtsp:\/\/.*test:/);
  expect(() => classifyInput("concat:a|b")).toThrow(expect.objectContaining({ exitCode: 2 }));
  expect(() => classifyInput(folder)).toThrow(/directory/);
  expect(() => classifyInput(join(folder, "none.mp4"))).toThrow(expect.objectContaining({ code: "ERR_NOT_FOUND" }));
});
