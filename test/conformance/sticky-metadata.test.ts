/** Metadata blocks that stay from frame to frame, as EGL's NV_stream_metadata has them. */
import { openStream } from "edgestream";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { endChildren, makeRuntimeDir, removeRuntimeDirs, until } from "../programs/child.ts";
import { markOf } from "../programs/pattern.mjs";
import { localSource } from "../programs/remote-source.ts";
import { closeBenches, frame, openBench, places } from "./places.ts";

const bytes = (...values: number[]) => Uint8Array.from(values);
const badParameter = { code: "ERR_BAD_PARAMETER" };

afterEach(async () => {
  await closeBenches();
  await endChildren();
});
afterAll(removeRuntimeDirs);

describe.each(places)("$name", (place) => {
  test("each frame has a snapshot: inherited, updated in part, zeros between; its own metadata beside it", async () => {
    const bench = await openBench(place);
    const consumer = await bench.consume({ mode: "fifo", fifoLength: 8, maxHeld: 8 });
    await bench.source.post(1);
    await bench.source.setMetadata(0, 0, bytes(1, 2, 3));
    await bench.source.setMetadata(3, 2, bytes(9));
    await bench.source.post(2);
    await bench.source.setMetadata(0, 1, bytes(7, 8, 9));
    await bench.source.setMetadata(0, 0, bytes());
    await bench.source.post(1);
    const frames = [];
    for (let index = 0; index < 4; index++) frames.push(await consumer.acquire());
    const blocks = frames.map((each) => [0, 1, 2, 3].map((block) => [...each.metadataBlock(block)]));
    expect(blocks).toEqual([
      [[], [], [], []],
      [[1, 2, 3], [], [], [0, 0, 9]],
      [[1, 2, 3], [], [], [0, 0, 9]],
      [[1, 7, 8, 9], [], [], [0, 0, 9]],
    ]);
    expect(frames.map((each) => each.metadata)).toEqual([1n, 2n, 3n, 4n].map(markOf));
  });

  test("a held frame's blocks stand still, and are gone with its lease", async () => {
    const bench = await openBench(place);
    const consumer = await bench.consume();
    await bench.source.setMetadata(1, 0, bytes(5));
    await bench.source.post(1);
    const held = await consumer.acquire();
    await bench.source.setMetadata(1, 0, bytes(6));
    await bench.source.post(5);
    expect(held.metadataBlock(1)).toEqual(bytes(5));
    held.release();
    expect(() => held.metadataBlock(1)).toThrow(expect.objectContaining({ code: "ERR_BAD_STATE" }));
    expect((await consumer.acquire()).metadataBlock(1)).toEqual(bytes(6));
  });

  test("blocks and the frame's own metadata have 4096 bytes together", async () => {
    const bench = await openBench(place);
    const consumer = await bench.consume();
    await bench.source.setMetadata(0, 0, new Uint8Array(4000).fill(4));
    await bench.source.setMetadata(1, 0, new Uint8Array(64).fill(5));
    await expect(bench.source.setMetadata(2, 0, new Uint8Array(33))).rejects.toMatchObject(badParameter);
    await bench.source.post(1, { metadata: new Uint8Array(32).fill(6) });
    const got = await consumer.acquire();
    expect(got.metadata).toEqual(new Uint8Array(32).fill(6));
    expect(got.metadataBlock(0)).toEqual(new Uint8Array(4000).fill(4));
    expect(got.metadataBlock(1)).toEqual(new Uint8Array(64).fill(5));
    await expect(bench.source.post(1, { metadata: new Uint8Array(33) })).rejects.toMatchObject(badParameter);
    expect((await bench.source.stats()).frames).toBe(1n);
  });

  test("bounds: no block below 0 or above 3, no offset below 0, nothing past 4096: ERR_BAD_PARAMETER", async () => {
    const bench = await openBench(place);
    const consumer = await bench.consume();
    for (const [block, offset, size] of [
      [-1, 0, 1],
      [4, 0, 1],
      [0, -1, 1],
      [0, 4096, 1],
      [0, 0, 4097],
      [0.5, 0, 1],
    ]) {
      const set = bench.source.setMetadata(block as number, offset as number, new Uint8Array(size as number));
      await expect(set).rejects.toMatchObject(badParameter);
    }
    await bench.source.post(1);
    const got = await consumer.acquire();
    expect(got.metadataBlock(0)).toEqual(bytes());
    for (const block of [-1, 4]) {
      expect(() => got.metadataBlock(block)).toThrow(expect.objectContaining(badParameter));
    }
  });

  test("after closeInput it is ERR_BAD_STATE", async () => {
    const bench = await openBench(place);
    await bench.source.closeInput();
    await expect(bench.source.setMetadata(0, 0, bytes(1))).rejects.toMatchObject({ code: "ERR_BAD_STATE" });
  });
});

test("strict: without a connected consumer it is ERR_BAD_STATE", async () => {
  const runtimeDir = makeRuntimeDir();
  const source = localSource();
  await source.create({ frame, name: "strict", runtimeDir, strict: true });
  const stream = await openStream("strict", { runtimeDir });
  const consumer = await stream.connectConsumer();
  await source.connect();
  await source.setMetadata(0, 0, bytes(1));
  await source.post(1);
  expect((await consumer.acquire()).metadataBlock(0)).toEqual(bytes(1));
  await consumer.close();
  await until("the producer knows", async () => (await source.stats()).connections.length === 0);
  await expect(source.setMetadata(0, 0, bytes(1))).rejects.toMatchObject({ code: "ERR_BAD_STATE" });
  await stream.close();
  await source.close();
});
