/** Another size or format in mid-stream: who reads sees the change at the right frame, and nothing else of it. */
import type { FormatChangeEvent, FrameSpec, ReadableFrame } from "edgestream";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { endChildren, removeRuntimeDirs, until } from "../programs/child.ts";
import { Pattern } from "../programs/pattern.mjs";
import { localSource } from "../programs/remote-source.ts";
import { closeBenches, modes, openBench, places } from "./places.ts";

afterEach(async () => {
  await closeBenches();
  await endChildren();
});
afterAll(removeRuntimeDirs);

const first: FrameSpec = { format: "GRAY8", width: 64, height: 16 };
const second: FrameSpec = { format: "RGB", width: 33, height: 9 };
const patterns = { GRAY8: new Pattern(64 * 16), RGB: new Pattern(33 * 9 * 3) };

function expectPicture(frame: ReadableFrame, spec: FrameSpec): void {
  expect(frame).toMatchObject({ format: spec.format, width: spec.width, height: spec.height });
  expect(patterns[spec.format as keyof typeof patterns].matches(frame.data, frame.number)).toBe(true);
}

describe.each(places)("$name", (place) => {
  test.each(modes)(
    "%s: a held frame stays, the next one is in the new layout, and the event comes with it",
    async (mode) => {
      const bench = await openBench(place);
      const consumer = await bench.consume({ mode, maxHeld: 2 });
      const changes: FormatChangeEvent[] = [];
      consumer.on("formatchange", (change) => changes.push(change));
      await bench.source.post(1);
      const held = await consumer.acquire();
      expectPicture(held, first);
      await bench.source.reconfigure(second);
      await bench.source.post(1);
      expect(changes).toEqual([]);
      const next = await consumer.acquire();
      expectPicture(next, second);
      expect([next.number, next.skipped, held.layoutId, next.layoutId]).toEqual([2n, 0n, 1, 2]);
      expect(changes).toEqual([{ layout: next.layout, previous: held.layout }]);
      expectPicture(held, first);
      expect(consumer.layout).toEqual(next.layout);
      expect(await bench.source.layout()).toEqual(next.layout);
      const told = (await bench.source.events()).filter(({ name }) => name === "formatchange");
      expect(told.map(({ from, layout }) => [from, layout?.format])).toEqual([
        ["stream", "RGB"],
        ["producer", "RGB"],
      ]);
      expect(consumer.stats()).toMatchObject({ posted: 2n, delivered: 2n, skipped: 0n, discarded: 0n });
    },
  );

  test("frames that wait are read in their own layout, before those of the new one", async () => {
    const bench = await openBench(place);
    const consumer = await bench.consume({ mode: "fifo", fifoLength: 6 });
    await bench.source.post(3);
    await bench.source.reconfigure(second);
    await bench.source.post(3);
    for (const [number, spec] of [first, first, first, second, second, second].entries()) {
      const frame = await consumer.acquire();
      expect(frame.number).toBe(BigInt(number + 1));
      expectPicture(frame, spec);
    }
  });

  test("a consumer that has had no frame yet is told of the change by its first one", async () => {
    const bench = await openBench(place);
    const consumer = await bench.consume({ mode: "fifo" });
    const seen = consumer.layout;
    const changes: FormatChangeEvent[] = [];
    consumer.on("formatchange", (change) => changes.push(change));
    await bench.source.reconfigure(second);
    await bench.source.post(1);
    const frame = await consumer.acquire();
    expect(changes).toEqual([{ layout: frame.layout, previous: seen }]);
  });

  test("who joins right after starts in the new layout, and is told of no change", async () => {
    const bench = await openBench(place);
    await bench.source.post(1);
    await bench.source.reconfigure(second);
    const consumer = await bench.consume({ mode: "mailbox", start: "newest" });
    consumer.on("formatchange", () => expect.unreachable());
    expect(consumer.tryAcquire().status).toBe("would-block");
    await bench.source.post(1);
    expectPicture(await consumer.acquire(), second);
  });

  test("mistakes change nothing: a slot out, no memory, a wrong frame; the same format is no change", async () => {
    const bench = await openBench(place, {}, { accept: { maxPoolBytes: 2 ** 20 } });
    const consumer = await bench.consume({ mode: "fifo" });
    const slot = await bench.source.acquire();
    await expect(bench.source.reconfigure(second)).rejects.toMatchObject({ code: "ERR_RESOURCE_BUSY" });
    await bench.source.discardHeld(slot);
    const large: FrameSpec = { format: "RGBA", width: 4096, height: 4096 };
    await expect(bench.source.reconfigure(large)).rejects.toMatchObject({ code: "ERR_BAD_ALLOC" });
    for (const wrong of [
      { format: "RGB", width: 8 },
      { format: "XYZ", width: 8, height: 8 },
      { ...first, width: 0 },
    ]) {
      const call = bench.source.reconfigure(wrong as FrameSpec);
      await expect(call).rejects.toMatchObject({ code: "ERR_BAD_PARAMETER" });
    }
    await bench.source.reconfigure(first);
    await bench.source.post(1);
    const frame = await consumer.acquire();
    expectPicture(frame, first);
    expect(frame.layoutId).toBe(1);
    await bench.source.stop();
    await expect(bench.source.reconfigure(second)).rejects.toMatchObject({ code: "ERR_BAD_STATE" });
  });

  test("a consumer whose formats lack the new one is evicted with that reason, the others go on", async () => {
    const bench = await openBench(place);
    const picky = await bench.consume({ mode: "fifo", formats: ["GRAY8", "NV12"] });
    const other = await bench.consume({ mode: "fifo" });
    await bench.source.reconfigure(second);
    await bench.source.post(1);
    expect((await picky.next()).status).toBe("evicted");
    expect(picky.cause).toBe("evicted-request");
    expect(picky.reason).toContain("RGB");
    expectPicture(await other.acquire(), second);
  });

  test("after 50 changes with frames held across each, one pool is left", async () => {
    const bench = await openBench(place);
    const consumer = await bench.consume({ mode: "fifo", maxHeld: 2, reuse: false });
    const before = (await bench.source.resources()).pools;
    let held: ReadableFrame | undefined;
    for (let round = 0; round < 50; round++) {
      await bench.source.reconfigure(round % 2 === 0 ? second : first);
      await bench.source.post(1);
      const frame = await consumer.acquire();
      expectPicture(frame, round % 2 === 0 ? second : first);
      if (held !== undefined) expectPicture(held, round % 2 === 0 ? first : second);
      held?.release();
      held = frame;
    }
    held?.release();
    await until("the last old pool is gone", async () => (await bench.source.resources()).pools <= before);
    const after = (await bench.source.resources()).pools;
    expect(after).toBeGreaterThan(0);
    expect(after).toBeLessThanOrEqual(before);
  });

  test.skipIf(!place.sharesMemory).each(modes)(
    "%s: old memory goes at both ends with the last frame in it",
    async (mode) => {
      const bench = await openBench(place);
      const consumer = await bench.consume({ mode, maxHeld: 2, reuse: false });
      await bench.source.post(1);
      const held = await consumer.acquire();
      await bench.source.reconfigure(second);
      await bench.source.post(1);
      const next = await consumer.acquire();
      expect((await bench.source.resources()).poolFds).toBeGreaterThan(1);
      expectPicture(held, first);
      held.release();
      // A consumer maps an object and closes its descriptor; in process both ends are counted in one.
      const apart = place.name !== "in process";
      await until("one pool is left at the producer", async () => {
        const { poolFds, pools } = await bench.source.resources();
        return poolFds === 1 && pools === (apart ? 1 : 2);
      });
      await until("one pool is left at the consumer", async () => {
        const here = await localSource().resources();
        return here.poolFds === (apart ? 0 : 1) && here.pools === (apart ? 1 : 2);
      });
      expectPicture(next, second);
    },
  );

  test("a change takes its turn among pushes that never end, and none is of the wrong size", async () => {
    const bench = await openBench(place, {}, { maxWriting: 1 });
    const consumer = await bench.consume({ mode: "fifo", fifoLength: 4 });
    const reading = (async () => {
      const sizes: number[] = [];
      for await (const frame of consumer) sizes.push(frame.data.length);
      return sizes;
    })();
    let pushed = 0;
    const pushing = (async () => {
      for (;;) {
        await bench.source.push(new Uint8Array(64 * 16));
        pushed++;
      }
    })();
    const end = expect(pushing).rejects.toMatchObject({ code: "ERR_BAD_PARAMETER" }); // another size is due
    await until("pushes run", () => pushed > 5);
    await bench.source.reconfigure(second);
    await end;
    await bench.source.push(new Uint8Array(33 * 9 * 3));
    await bench.source.closeInput();
    expect(await reading).toEqual([...Array(pushed).fill(64 * 16), 33 * 9 * 3]);
  });

  test("pushes that run are finished before the change", async () => {
    const bench = await openBench(place);
    const consumer = await bench.consume({ mode: "fifo", fifoLength: 1 });
    const pushes = [0, 1, 2].map(() => bench.source.push(new Uint8Array(64 * 16)));
    const change = bench.source.reconfigure(second);
    const layouts: number[] = [];
    for (let count = 0; count < 3; count++) layouts.push((await consumer.acquire()).layoutId);
    expect(layouts).toEqual([1, 1, 1]);
    await Promise.all([...pushes, change]);
    await bench.source.post(1);
    expect((await consumer.acquire()).layoutId).toBe(2);
  });
});
