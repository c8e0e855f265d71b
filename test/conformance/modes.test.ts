/** What each mode promises, at every distance. */
import type { Consumer } from "edgestream";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { endChildren, removeRuntimeDirs, until, within } from "../programs/child.ts";
import { closeBenches, everyPlace, openBench } from "./places.ts";

afterEach(async () => {
  await closeBenches();
  await endChildren();
});
afterAll(removeRuntimeDirs);

/** Numbers and gaps of the next `count` frames. */
async function read(consumer: Consumer, count: number): Promise<[bigint, bigint][]> {
  const seen: [bigint, bigint][] = [];
  while (seen.length < count) {
    const { number, skipped } = await within(`frame ${seen.length + 1} of ${count}`, consumer.acquire());
    seen.push([number, skipped]);
  }
  return seen;
}

describe.each(everyPlace)("$name", (place) => {
  describe("mailbox", () => {
    test("the newest frame wins, and what was passed over is counted", async () => {
      const bench = await openBench(place);
      const consumer = await bench.consume({ mode: "mailbox" });
      await bench.source.post(3);
      expect(await read(consumer, 1)).toEqual([[3n, 2n]]);
      await bench.source.post(1);
      expect(await read(consumer, 1)).toEqual([[4n, 0n]]);
      await bench.source.post(5);
      expect(await read(consumer, 1)).toEqual([[9n, 4n]]);
    });

    test("the producer never waits, not even for a consumer that holds a frame", async () => {
      const bench = await openBench(place);
      const consumer = await bench.consume({ mode: "mailbox" });
      await bench.source.post(1);
      const held = await consumer.acquire();
      const before = held.copy();
      await bench.source.post(100, { timeoutMs: 0 });
      expect(Buffer.compare(held.data, before)).toBe(0);
      expect((await consumer.acquire()).number).toBe(101n);
    });
  });

  describe("fifo", () => {
    test("every frame comes, in order", async () => {
      const bench = await openBench(place);
      const consumer = await bench.consume({ mode: "fifo", fifoLength: 3 });
      const posting = bench.source.post(50, { timeoutMs: 20_000 });
      const seen = await read(consumer, 50);
      expect(seen).toEqual(Array.from({ length: 50 }, (_, index) => [BigInt(index + 1), 0n]));
      await posting;
    });

    test("a full queue makes post wait, an acquire frees the place", async () => {
      const bench = await openBench(place);
      const consumer = await bench.consume({ mode: "fifo", fifoLength: 2 });
      await bench.source.post(2);
      let posted = false;
      const waiting = bench.source.post(1).then(() => {
        posted = true;
      });
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(posted).toBe(false);
      expect((await bench.source.stats()).frames).toBe(2n);
      const first = await consumer.acquire();
      expect(first.number).toBe(1n);
      await within("the post that waited", waiting); // the frame is still held: the acquire made the place
      expect(first.released).toBe(false);
    });

    test("a release frees no place", async () => {
      const bench = await openBench(place);
      const consumer = await bench.consume({ mode: "fifo", fifoLength: 1 });
      await bench.source.post(1);
      const first = await consumer.acquire();
      await bench.source.post(1); // takes the one place
      const handle = await bench.source.acquire();
      first.release();
      await new Promise((resolve) => setTimeout(resolve, 30));
      expect((await bench.source.tryPostHeld(handle)).status).toBe("would-block");
      expect((await consumer.acquire()).number).toBe(2n);
      expect(await bench.source.tryPostHeld(handle)).toEqual({ status: "ok", number: 3n });
    });

    test("post is all or nothing: on timeout the frame is still the caller's and nobody saw it", async () => {
      const bench = await openBench(place);
      const full = await bench.consume({ mode: "fifo", fifoLength: 1 });
      const free = await bench.consume({ mode: "fifo", fifoLength: 4 });
      await bench.source.post(1);
      expect((await free.acquire()).number).toBe(1n);
      const handle = await bench.source.acquire();
      const timeout = bench.source.postHeld(handle, { timeoutMs: 30 });
      await expect(timeout).rejects.toMatchObject({ reason: "timeout" });
      const aborted = bench.source.postHeldAborted(handle, 20);
      await expect(aborted).rejects.toMatchObject({ code: "ERR_ABORTED", reason: "aborted" });
      expect(await bench.source.heldInfo(handle)).toMatchObject({ released: false, length: 64 * 16 });
      expect((await free.next({ timeoutMs: 20 })).status).toBe("timeout");
      expect((await full.acquire()).number).toBe(1n);
      expect(await bench.source.postHeld(handle, { timeoutMs: 5000 })).toBe(2n);
      expect((await free.acquire()).number).toBe(2n);
      expect((await full.acquire()).number).toBe(2n);
    });

    test("a queue that holds up the producer for maxWaitMs is announced as stalled, then evicted", async () => {
      const bench = await openBench(place);
      const consumer = await bench.consume({ mode: "fifo", fifoLength: 1, maxWaitMs: 60 });
      await bench.source.post(2, { timeoutMs: 20_000 });
      const events = await bench.source.events();
      const stalled = events.filter(({ name, from }) => name === "stalled" && from === "producer");
      expect(stalled).toHaveLength(1);
      expect(stalled[0]?.waitedMs).toBeGreaterThanOrEqual(60);
      expect(await consumer.next({ timeoutMs: 5000 })).toMatchObject({ status: "evicted" });
      expect(consumer.stats().cause).toBe("evicted-stall");
    });

    test.skipIf(!place.sharesMemory)(
      "onStall overwrite gives up the oldest frame instead of the consumer",
      async () => {
        const bench = await openBench(place);
        const consumer = await bench.consume({ mode: "fifo", fifoLength: 2, maxWaitMs: 40, onStall: "overwrite" });
        await bench.source.post(3, { timeoutMs: 20_000 });
        expect(await read(consumer, 2)).toEqual([
          [2n, 1n],
          [3n, 0n],
        ]);
      },
    );
  });

  describe("broadcast", () => {
    test("who keeps up gets every frame in order", async () => {
      const bench = await openBench(place);
      const consumer = await bench.consume({ mode: "broadcast", capacity: 8 });
      for (let number = 1n; number <= 20n; number++) {
        await bench.source.post(1);
        expect(await read(consumer, 1)).toEqual([[number, 0n]]);
      }
    });

    test("a laggard skips forward and is told how far; the producer never waits", async () => {
      const bench = await openBench(place);
      const consumer = await bench.consume({ mode: "broadcast", capacity: 3 });
      await bench.source.post(10, { timeoutMs: 0 });
      expect(await read(consumer, 3)).toEqual([
        [8n, 7n],
        [9n, 0n],
        [10n, 0n],
      ]);
    });

    test.skipIf(!place.sharesMemory)(
      "a consumer further behind than maxLag is announced as lagged and evicted",
      async () => {
        const bench = await openBench(place);
        const consumer = await bench.consume({ mode: "broadcast", capacity: 2, maxLag: 5 });
        await bench.source.post(7);
        expect(consumer.state).not.toBe("disconnected");
        await bench.source.post(1);
        await until("the eviction is announced", async () => {
          const events = await bench.source.events();
          return events.some(({ name, skipped }) => name === "lagged" && skipped === 6n);
        });
        expect(await consumer.next({ timeoutMs: 5000 })).toMatchObject({ status: "evicted" });
        expect(consumer.stats().cause).toBe("evicted-lag");
      },
    );
  });

  test("whenFull drop refuses the incoming frame and counts it", async () => {
    const bench = await openBench(place);
    const consumer = await bench.consume({ mode: "fifo", fifoLength: 2, whenFull: "drop" });
    await bench.source.post(5, { timeoutMs: 0 });
    expect(await read(consumer, 2)).toEqual([
      [1n, 0n],
      [2n, 0n],
    ]);
    await bench.source.post(1);
    expect(await read(consumer, 1)).toEqual([[6n, 3n]]);
    expect((await bench.source.stats()).connections[0]).toMatchObject({ posted: 6n, delivered: 3n, discarded: 3n });
  });
});
