/** posted = delivered + skipped + discarded + waiting, at both ends, whatever happens in between. */
import type { ConnectionStats, ConsumerStats } from "edgestream";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { endChildren, removeRuntimeDirs, until } from "../programs/child.ts";
import { closeBenches, modes, openBench, places } from "./places.ts";

afterEach(async () => {
  await closeBenches();
  await endChildren();
});
afterAll(removeRuntimeDirs);

function expectBalance(stats: ConnectionStats | ConsumerStats | undefined): void {
  expect(stats).toBeDefined();
  if (stats === undefined) return;
  expect(stats.delivered + stats.skipped + stats.discarded + stats.waiting).toBe(stats.posted);
}

/** A small reproducible dice. */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * sides);
  };
}

describe.each(places)("$name", (place) => {
  test.skipIf(!place.sharesMemory).each(modes)("%s: the counters add up at both ends, and agree", async (mode) => {
    const seed = 20_260_721;
    const roll = dice(seed);
    const bench = await openBench(place);
    const consumer = await bench.consume({ mode, whenFull: mode === "fifo" ? "drop" : "overwrite", maxHeld: 2 });
    const held = [];
    let taken = 0n;
    for (let step = 0; step < 150; step++) {
      if (roll(2) === 0) {
        await bench.source.post(1 + roll(6), { timeoutMs: 0 });
      } else {
        const result = await consumer.next({ timeoutMs: 0 });
        if (result.status === "ok") {
          taken++;
          held.push(result.frame);
        }
        if (held.length === 2 || roll(3) === 0) held.shift()?.release();
      }
      const producer = (await bench.source.stats()).connections[0];
      const own = consumer.stats();
      expectBalance(producer);
      expectBalance(own);
      expect(own.delivered).toBe(taken);
      expect(producer).toMatchObject({
        posted: own.posted,
        delivered: own.delivered,
        skipped: own.skipped,
        discarded: own.discarded,
        waiting: own.waiting,
      });
    }
    console.log(`${place.name}, ${mode}, seed ${seed}:`, consumer.stats());
    await consumer.close();
    expectBalance(consumer.stats());
    expect(consumer.stats().waiting).toBe(0n);
  });

  test("frames that wait when the consumer goes are counted as discarded", async () => {
    const bench = await openBench(place);
    const consumer = await bench.consume({ mode: "fifo", fifoLength: 4 });
    await bench.source.post(4);
    await consumer.acquire();
    await consumer.close();
    await until("the end is announced", async () => {
      const events = await bench.source.events();
      return events.some(({ name, discarded }) => name === "disconnected" && discarded === 3n);
    });
    expect(consumer.stats()).toMatchObject({ posted: 4n, delivered: 1n, discarded: 3n, waiting: 0n });
  });

  test("each of several connections has counters of its own", async () => {
    const bench = await openBench(place);
    const reader = await bench.consume({ mode: "fifo", fifoLength: 8, client: "reader" });
    const sleeper = await bench.consume({ mode: "mailbox", client: "sleeper" });
    await bench.source.post(5);
    while ((await reader.next({ timeoutMs: 0 })).status === "ok");
    expect((await sleeper.acquire()).number).toBe(5n);
    const { connections, frames, noConsumer } = await bench.source.stats();
    expect({ frames, noConsumer }).toEqual({ frames: 5n, noConsumer: 0n });
    const [first, second] = connections;
    expect(first).toMatchObject({ client: "reader", mode: "fifo", posted: 5n, delivered: 5n, skipped: 0n });
    expect(second).toMatchObject({ client: "sleeper", mode: "mailbox", posted: 5n, delivered: 1n, skipped: 4n });
    for (const connection of connections) expectBalance(connection);
  });

  test.skipIf(!place.sharesMemory)(
    "the latency ledger counts each delivered frame once, the same at both ends",
    async () => {
      const bench = await openBench(place);
      const consumer = await bench.consume({ mode: "fifo", fifoLength: 8 });
      await bench.source.post(5);
      for (let taken = 0; taken < 3; taken++) (await consumer.acquire()).release();
      const own = consumer.stats().latency;
      const seen = (await bench.source.stats()).connections[0]?.latency;
      for (const step of ["post", "wake", "acquire", "hold", "deliver"] as const) {
        expect(own?.[step].frames).toBe(3);
        expect(own?.[step].maxUs).toBeGreaterThanOrEqual(own?.[step].p99Us ?? Number.NaN);
        expect(own?.[step].p99Us).toBeGreaterThanOrEqual(own?.[step].p50Us ?? Number.NaN);
      }
      expect(own?.deliver.maxUs).toBeGreaterThan(0);
      expect(seen).toEqual(own);
      await consumer.close();
      expect(consumer.stats().latency?.hold.frames).toBe(3);
    },
  );
});
