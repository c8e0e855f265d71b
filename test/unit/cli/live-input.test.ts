import { expect, test } from "vitest";
import { FfmpegInput } from "../../../sdk/cli/ffmpeg-input.ts";
import type { FrameTimes } from "../../../sdk/cli/frame-input.ts";
import { fifoPipes } from "./fifo-pipes.ts";
import { plainFrame, plainLayout } from "./plain-frames.ts";
import { TinyRtspServer } from "./tiny-rtsp-server.ts";

function openCamera(url: string, onBroken?: (reason: string, waitMs: number) => void): FfmpegInput {
  return new FfmpegInput({
    pipes: fifoPipes,
    request: { kind: "rtsp", input: url, format: "NV12", timeBase: "source", rtspTransport: "tcp" },
    loop: false,
    ...(onBroken && { onBroken }),
  });
}

test("a camera that breaks is opened again; its times go on and show the gap", { timeout: 60_000 }, async () => {
  const server = new TinyRtspServer();
  await server.start();
  const breaks: number[] = [];
  const input = openCamera(server.url, (_, waitMs) => breaks.push(waitMs));
  try {
    const spec = await input.open();
    expect(spec).toMatchObject({ format: "NV12", width: 160, height: 120, timeBase: { num: 1, den: 90_000 } });
    const frame = plainFrame(plainLayout("NV12", 160, 120));
    const read = async (count: number) => {
      const times: FrameTimes[] = [];
      while (times.length < count) {
        const next = (await input.read(frame)) ?? { pts: undefined, duration: 0n };
        if (!("frame" in next)) times.push(next);
      }
      return times.map((each) => each.pts ?? -1n);
    };
    const before = await read(5);
    server.drop();
    // What ffmpeg had decoded before the break still comes; the gap is where the new connection begins.
    const after = await read(40);
    const all = [...before, ...after];
    const steps = all.slice(1).map((pts, index) => pts - (all[index] ?? 0n));
    expect(steps.every((step) => step > 0n)).toBe(true);
    expect(server.connections).toBeGreaterThanOrEqual(2);
    expect(breaks[0]).toBe(500);
    // The break lasted at least as long as the wait before the second try.
    expect(steps.some((step) => step >= 500_000_000n)).toBe(true);
  } finally {
    await input.close();
    await server.stop();
  }
});

test("while a camera is away, tries come at growing distances, and close() ends the wait", {
  timeout: 60_000,
}, async () => {
  const server = new TinyRtspServer();
  await server.start();
  const breaks: number[] = [];
  let closing: Promise<void> | undefined;
  const input = openCamera(server.url, (_, waitMs) => {
    breaks.push(waitMs);
    if (breaks.length === 3) closing = input.close();
  });
  await input.open();
  await server.stop();
  const frame = plainFrame(plainLayout("NV12", 160, 120));
  while (await input.read(frame));
  await closing;
  expect(breaks).toEqual([500, 1000, 2000]);
});

test("a camera that was never there is an error, with ffmpeg's words", { timeout: 60_000 }, async () => {
  const server = new TinyRtspServer();
  await server.start();
  const { url } = server;
  await server.stop();
  const input = openCamera(url);
  await expect(input.open()).rejects.toThrow(
    expect.objectContaining({ code: "ERR_DECODER", message: expect.stringContaining("refused") }),
  );
  await input.close();
});
