/** Reset empties a stream and does not end it. */
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { endChildren, removeRuntimeDirs, until } from "../programs/child.ts";
import { markOf } from "../programs/pattern.mjs";
import { closeBenches, localPlaces, modes, openBench, type Place, places } from "./places.ts";

const resettable = { supportReset: true };

afterEach(async () => {
  await closeBenches();
  await endChildren();
});
afterAll(removeRuntimeDirs);

describe.each(places)("$name", (place) => {
  test("without supportReset it is ERR_BAD_ACCESS, and nothing is lost", async () => {
    const bench = await openBench(place);
    const consumer = await bench.consume({ mode: "fifo" });
    await bench.source.post(2);
    await expect(bench.source.reset()).rejects.toMatchObject({ code: "ERR_BAD_ACCESS" });
    expect(consumer.stats()).toMatchObject({ waiting: 2n, discarded: 0n });
  });

  test.each(modes)("%s: waiting frames are discarded, the state is empty, counters and numbers go on", async (mode) => {
    const bench = await openBench(place, resettable);
    const consumer = await bench.consume({ mode });
    await bench.source.post(3);
    const before = consumer.stats();
    await bench.source.reset();
    expect(consumer.state).toBe("empty");
    expect(consumer.stats()).toMatchObject({
      posted: 3n,
      skipped: before.skipped,
      discarded: before.waiting,
      waiting: 0n,
    });
    expect((await bench.source.stats()).connections[0]).toMatchObject({ state: "empty", waiting: 0n });
    await expect(consumer.acquire({ timeoutMs: 0 })).rejects.toMatchObject({ code: "ERR_BAD_STATE" });
    await bench.source.post(1);
    expect(consumer.state).toBe("new-frame-available");
    const frame = await consumer.acquire();
    expect(frame.number).toBe(4n);
    expect(consumer.stats()).toMatchObject({ posted: 4n, delivered: 1n });
  });

  test.skipIf(!place.sharesMemory)(
    "a held frame stays readable until it is released, and is no old frame afterwards",
    async () => {
      const bench = await openBench(place, resettable);
      const consumer = await bench.consume({ mode: "fifo", fifoLength: 8 });
      await bench.source.post(3);
      const held = await consumer.acquire();
      const bytes = held.copy();
      await bench.source.reset();
      expect(consumer.state).toBe("empty");
      expect((await bench.source.stats()).connections[0]).toMatchObject({ state: "empty", held: 1n });
      await bench.source.post(6);
      expect(held.released).toBe(false);
      expect(held.copy()).toEqual(bytes);
      expect(held.metadata).toEqual(markOf(1n));
      held.release();
      expect((await bench.source.stats()).connections[0]?.held).toBe(0n);
      expect((await consumer.acquire()).number).toBe(4n);
    },
  );

  test("an old frame cannot be acquired again after it, and its slot comes free", async () => {
    const bench = await openBench(place, resettable);
    const consumer = await bench.consume();
    await bench.source.post(1);
    (await consumer.acquire()).release();
    expect(consumer.state).toBe("old-frame-available");
    const again = consumer.acquire({ timeoutMs: 200 });
    await bench.source.reset();
    await expect(again).rejects.toMatchObject({ code: "ERR_BAD_STATE", reason: "timeout" });
    expect(consumer.state).toBe("empty");
    expect((await bench.source.stats()).connections[0]?.held).toBe(0n);
  });

  test("a post that waits in a full queue goes on, and its frame is the first one after the reset", async () => {
    const bench = await openBench(place, resettable);
    const consumer = await bench.consume({ mode: "fifo", fifoLength: 2 });
    await bench.source.post(2);
    const waiting = bench.source.post(1);
    await bench.source.stats();
    await bench.source.reset();
    expect(await waiting).toEqual([3n]);
    expect((await consumer.acquire()).number).toBe(3n);
    expect(consumer.stats()).toMatchObject({ posted: 3n, delivered: 1n, discarded: 2n });
  });

  test("every waiter goes on waiting, and gets the next frame; both ends tell a legal chain of states", async () => {
    const bench = await openBench(place, resettable);
    const consumer = await bench.consume();
    const told: string[] = [];
    consumer.on("statechange", ({ oldState, newState }) => told.push(`${oldState} > ${newState}`));
    await bench.source.post(1);
    await consumer.acquire();
    const next = consumer.next();
    await bench.source.reset();
    await until("the waiter has seen it", () => consumer.state === "empty" && told.length >= 3);
    await bench.source.post(1);
    expect(await next).toMatchObject({ status: "ok", frame: { number: 2n } });
    const chain = [
      "empty > new-frame-available",
      "new-frame-available > old-frame-available",
      "old-frame-available > empty",
      "empty > new-frame-available",
      "new-frame-available > old-frame-available",
    ];
    expect(told).toEqual(chain);
    const events = await bench.source.events();
    const seen = events.filter(({ name, from }) => name === "statechange" && from === "producer");
    // It looks at posts and resets, so it has not noticed the acquire in between.
    expect(seen.map(({ oldState, newState }) => `${oldState} > ${newState}`)).toContain("new-frame-available > empty");
  });

  test("after closeInput it is ERR_BAD_STATE, after close ERR_BAD_STREAM", async () => {
    const bench = await openBench(place, resettable);
    await bench.source.closeInput();
    await expect(bench.source.reset()).rejects.toMatchObject({ code: "ERR_BAD_STATE" });
    await bench.source.closeProducer();
    await expect(bench.source.reset()).rejects.toMatchObject({ code: "ERR_BAD_STREAM" });
    await expect(bench.source.reset("stream")).rejects.toMatchObject({ code: "ERR_BAD_STATE" });
  });
});

test("stream.reset() is ERR_BAD_ACCESS where the producer is in another process, and works beside it", async () => {
  const bench = await openBench(localPlaces[1] as Place, resettable);
  const consumer = await bench.consume({ mode: "fifo" });
  await bench.source.post(1);
  expect(() => bench.stream.reset()).toThrow(expect.objectContaining({ code: "ERR_BAD_ACCESS" }));
  expect(consumer.state).toBe("new-frame-available");
  await bench.source.reset("stream");
  expect(consumer.state).toBe("empty");
});
