/** Every format arrives byte for byte, with the strides and planes a reader needs; so does what travels with it. */
import { randomBytes } from "node:crypto";
import type { FormatName } from "edgestream";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { endChildren, removeRuntimeDirs } from "../programs/child.ts";
import { closeBenches, openBench, places } from "./places.ts";

afterEach(async () => {
  await closeBenches();
  await endChildren();
});
afterAll(removeRuntimeDirs);

/** Planes as [stride, width, height], worked out by hand from the format's definition. */
type Plane = readonly [stride: number, width: number, height: number];
const up = (value: number) => Math.ceil(value / 2);
const planesOf: Record<Exclude<FormatName, "bytes">, (width: number, height: number) => Plane[]> = {
  NV12: (w, h) => [
    [w, w, h],
    [up(w) * 2, up(w), up(h)],
  ],
  I420: (w, h) => [
    [w, w, h],
    [up(w), up(w), up(h)],
    [up(w), up(w), up(h)],
  ],
  P010: (w, h) => [
    [w * 2, w, h],
    [up(w) * 4, up(w), up(h)],
  ],
  YUY2: (w, h) => [[up(w) * 4, up(w), h]], // one sample holds two pixels
  RGB: (w, h) => [[w * 3, w, h]],
  BGR: (w, h) => [[w * 3, w, h]],
  RGBA: (w, h) => [[w * 4, w, h]],
  BGRA: (w, h) => [[w * 4, w, h]],
  GRAY8: (w, h) => [[w, w, h]],
  GRAY16: (w, h) => [[w * 2, w, h]],
};
const formats = Object.keys(planesOf) as (keyof typeof planesOf)[];
const sizes = [
  [64, 48],
  [641, 359],
  [1, 1],
  [3, 2],
  [2, 5],
] as const;

describe.each(places)("$name", (place) => {
  test.each(formats)("%s: planes, strides and every byte, odd sizes included", async (format) => {
    for (const [width, height] of sizes) {
      const bench = await openBench(place, { frame: { format, width, height } });
      const consumer = await bench.consume({ mode: "fifo" });
      const planes = planesOf[format](width, height);
      const size = planes.reduce((sum, [stride, , rows]) => sum + stride * rows, 0);
      const sent = randomBytes(size);
      await bench.source.push(sent);
      const frame = await consumer.acquire();
      expect(frame).toMatchObject({ format, width, height, size });
      expect(frame.layout.size).toBe(size);
      expect(frame.planes.map((plane) => [plane.stride, plane.width, plane.height])).toEqual(planes);
      expect(Buffer.compare(frame.data, sent)).toBe(0);
      expect(Buffer.compare(Buffer.concat(frame.planes.map(({ data }) => data)), sent)).toBe(0);
      await closeBenches();
    }
  });

  test("bytes: any length up to the slot's, never more than was posted", async () => {
    const bench = await openBench(place, { frame: { format: "bytes", width: 100_000 } });
    const consumer = await bench.consume({ mode: "fifo" });
    for (const length of [1, 7, 4096, 99_999, 100_000]) {
      const sent = randomBytes(length);
      await bench.source.push(sent);
      const frame = await consumer.acquire();
      expect(frame.size).toBe(length);
      expect(Buffer.compare(frame.data, sent)).toBe(0);
      expect(frame.planes[0]?.data.byteLength).toBe(length);
    }
    await expect(bench.source.push(randomBytes(100_001))).rejects.toMatchObject({ code: "ERR_BAD_PARAMETER" });
  });

  test("a picture of the wrong length is refused before it is posted", async () => {
    const bench = await openBench(place);
    await expect(bench.source.push(randomBytes(64 * 16 - 1))).rejects.toMatchObject({ code: "ERR_BAD_PARAMETER" });
    expect((await bench.source.stats()).frames).toBe(0n);
  });

  test("metadata of 0 to 4096 bytes arrives as it was, and more is refused", async () => {
    const bench = await openBench(place);
    const consumer = await bench.consume({ mode: "fifo" });
    const picture = randomBytes(64 * 16);
    for (const length of [0, 1, 8, 255, 4095, 4096]) {
      const metadata = new Uint8Array(randomBytes(length));
      await bench.source.push(picture, { metadata });
      const frame = await consumer.acquire();
      expect(frame.metadata.byteLength).toBe(length);
      expect(Buffer.compare(frame.metadata, metadata)).toBe(0);
    }
    await bench.source.push(picture);
    expect((await consumer.acquire()).metadata.byteLength).toBe(0); // nothing of an earlier frame
    const tooMuch = bench.source.push(picture, { metadata: new Uint8Array(4097) });
    await expect(tooMuch).rejects.toMatchObject({ code: "ERR_BAD_PARAMETER" });
  });

  test("pts, duration and captured arrive to the nanosecond; without a pts there is none", async () => {
    const bench = await openBench(place);
    const consumer = await bench.consume({ mode: "fifo" });
    const picture = randomBytes(64 * 16);
    const large = 2n ** 62n + 1n;
    await bench.source.push(picture, { pts: -large, duration: 33_366_667n, captured: 123_456_789_012n });
    const first = await consumer.acquire();
    expect(first.pts).toBe(-large);
    expect(first.duration).toBe(33_366_667n);
    expect(first.timestamps.captured).toBe(123_456_789_012n);
    await bench.source.push(picture, { pts: 0n });
    expect((await consumer.acquire()).pts).toBe(0n);
    const before = process.hrtime.bigint();
    await bench.source.push(picture);
    const third = await consumer.acquire();
    const after = process.hrtime.bigint();
    expect(third.pts).toBeUndefined();
    expect(third.duration).toBe(0n);
    const { captured, posted, acquired } = third.timestamps;
    const order = [before, captured, posted, acquired, after];
    expect(order).toEqual([...order].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)));
  });

  test("the time base travels with the format", async () => {
    const timeBase = { num: 1001, den: 30_000 };
    const bench = await openBench(place, { frame: { format: "GRAY8", width: 4, height: 4, timeBase } });
    const consumer = await bench.consume();
    await bench.source.post(1);
    expect((await consumer.acquire()).layout.timeBase).toEqual(timeBase);
  });
});
