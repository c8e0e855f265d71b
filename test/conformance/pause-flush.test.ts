/** A paused producer drops, a flushed one has nothing left to hand over. */
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { endChildren, removeRuntimeDirs, until } from "../programs/child.ts";
import { closeBenches, modes, openBench, places } from "./places.ts";

afterEach(async () => {
  await closeBenches();
  await endChildren();
});
afterAll(removeRuntimeDirs);

describe.each(places)("$name", (place) => {
  test.each(modes)("%s: while paused consumers get no frames and stay connected", async (mode) => {
    const bench = await openBench(place);
    const consumer = await bench.consume({ mode });
    await bench.source.post(1);
    await bench.source.pause();
    expect(await bench.source.post(3)).toEqual([2n, 3n, 4n]);
    expect(await consumer.next({ timeoutMs: 0 })).toMatchObject({ status: "ok", frame: { number: 1n } });
    expect(await consumer.next({ timeoutMs: 0 })).toMatchObject({ status: "timeout" });
    expect(consumer.stats()).toMatchObject({ posted: 1n, delivered: 1n, skipped: 0n, discarded: 0n });
    expect(await bench.source.stats()).toMatchObject({ frames: 4n, paused: true, droppedPaused: 3n, noConsumer: 0n });
    await bench.source.resume();
    await bench.source.post(1);
    const frame = await consumer.acquire();
    expect({ number: frame.number, skipped: frame.skipped }).toEqual({ number: 5n, skipped: 3n });
    expect(await bench.source.stats()).toMatchObject({ paused: false, droppedPaused: 3n });
  });

  test("a paused post is told as dropped, reason paused", async () => {
    const bench = await openBench(place);
    await bench.source.listenFor("dropped");
    await bench.consume();
    await bench.source.pause();
    await bench.source.post(1);
    const told = async () => (await bench.source.events()).find(({ name }) => name === "dropped");
    await until("the drop is told", async () => (await told()) !== undefined);
    expect(await told()).toMatchObject({ reason: "paused", number: 1n, connection: undefined });
  });

  test("a post that waits in a full queue is dropped by pause, and the queue keeps what it has", async () => {
    const bench = await openBench(place);
    const consumer = await bench.consume({ mode: "fifo", fifoLength: 1 });
    await bench.source.post(1);
    const waiting = bench.source.post(1);
    await bench.source.stats();
    await bench.source.pause();
    expect(await waiting).toEqual([2n]);
    expect(consumer.stats()).toMatchObject({ posted: 1n, waiting: 1n });
  });

  test("flush waits for the posts and pushes before it; then all of them can be acquired at once", async () => {
    const bench = await openBench(place);
    const consumer = await bench.consume({ mode: "fifo", fifoLength: 2 });
    await bench.source.post(2);
    const order: string[] = [];
    const post = bench.source.post(1).then(() => order.push("post"));
    const push = bench.source.push(new Uint8Array(64 * 16)).then(() => order.push("push"));
    await bench.source.stats(); // by now both have begun
    const flush = bench.source.flush().then(() => order.push("flush"));
    await bench.source.stats();
    expect(order).toEqual([]);
    (await consumer.acquire()).release();
    await post;
    await bench.source.stats();
    expect(order).toEqual(["post"]);
    (await consumer.acquire()).release();
    await Promise.all([push, flush]);
    expect(order).toEqual(["post", "push", "flush"]);
    for (const number of [3n, 4n]) {
      const result = consumer.tryAcquire({ newOnly: true });
      expect(result).toMatchObject({ status: "ok", frame: { number } });
    }
  });

  test.skipIf(!place.sharesMemory)(
    "flush waits no longer than timeoutMs, and without anything to wait for not at all",
    async () => {
      const bench = await openBench(place);
      await bench.source.flush({ timeoutMs: 0 });
      const consumer = await bench.consume({ mode: "fifo", fifoLength: 1 });
      await bench.source.post(1);
      await bench.source.flush({ timeoutMs: 0 });
      expect(consumer.tryAcquire().status).toBe("ok");
      await bench.source.post(1);
      const waiting = bench.source.post(1);
      await bench.source.stats(); // by now it has its slot, and waits for a place
      await expect(bench.source.flush({ timeoutMs: 20 })).rejects.toMatchObject({ code: "ERR_TIMEOUT" });
      (await consumer.acquire()).release();
      expect(await waiting).toEqual([3n]);
    },
  );

  test("pause and flush of a closed producer are ERR_BAD_STREAM", async () => {
    const bench = await openBench(place);
    await bench.source.closeProducer();
    await expect(bench.source.pause()).rejects.toMatchObject({ code: "ERR_BAD_STREAM" });
    await expect(bench.source.flush()).rejects.toMatchObject({ code: "ERR_BAD_STREAM" });
  });
});
