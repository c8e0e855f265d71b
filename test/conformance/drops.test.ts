/** A posted frame that somebody does not get is told to whoever listens. */
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { endChildren, removeRuntimeDirs, until } from "../programs/child.ts";
import { type Bench, closeBenches, openBench, places } from "./places.ts";

afterEach(async () => {
  await closeBenches();
  await endChildren();
});
afterAll(removeRuntimeDirs);

async function dropsOf(bench: Bench, from: "producer" | "stream" = "producer") {
  const events = await bench.source.events();
  return events.filter((event) => event.name === "dropped" && event.from === from);
}

async function untilDrops(bench: Bench, count: number) {
  await until(`${count} drops are told`, async () => (await dropsOf(bench)).length >= count);
  return dropsOf(bench);
}

describe.each(places)("$name", (place) => {
  test("a frame without a consumer is dropped, reason no-consumer, with its number and the stream", async () => {
    const bench = await openBench(place, { name: "bench" });
    await bench.source.listenFor("dropped");
    await bench.source.post(2);
    const drops = await untilDrops(bench, 2);
    expect(drops.map(({ number, reason }) => ({ number, reason }))).toEqual([
      { number: 1n, reason: "no-consumer" },
      { number: 2n, reason: "no-consumer" },
    ]);
    expect(drops[0]).toMatchObject({ connection: undefined, stream: "bench" });
  });

  test("with whenFull drop a frame that finds no place is dropped: queue-full, with its connection", async () => {
    const bench = await openBench(place);
    await bench.source.listenFor("dropped");
    await bench.consume({ mode: "mailbox" });
    const slow = await bench.consume({ mode: "fifo", fifoLength: 2, whenFull: "drop" });
    await bench.source.post(4);
    const drops = await untilDrops(bench, 2);
    expect(drops.map(({ number }) => number)).toEqual([3n, 4n]);
    for (const drop of drops) expect(drop).toMatchObject({ reason: "queue-full", connection: slow.connection });
    expect(slow.stats().discarded).toBe(2n);
  });

  test("an overwritten frame is skipped, not dropped", async () => {
    const bench = await openBench(place);
    await bench.source.listenFor("dropped");
    const consumer = await bench.consume({ mode: "mailbox" });
    await bench.source.post(3);
    await consumer.close();
    await until("it is gone", async () => (await bench.source.stats()).connections.length === 0);
    await bench.source.post(1);
    expect((await untilDrops(bench, 1)).map(({ number }) => number)).toEqual([4n]);
  });

  test("the stream tells the drops of its producer, and no more once nobody listens", async () => {
    const bench = await openBench(place);
    await bench.source.post(1); // nobody listens yet
    await bench.source.listenFor("dropped");
    await bench.source.post(1);
    await untilDrops(bench, 1);
    expect((await dropsOf(bench, "stream")).map(({ number }) => number)).toEqual([2n]);
    await bench.source.ignore("dropped");
    await bench.source.post(1);
    await bench.source.listenFor("dropped");
    await bench.source.post(1);
    expect((await untilDrops(bench, 2)).map(({ number }) => number)).toEqual([2n, 4n]);
  });
});
