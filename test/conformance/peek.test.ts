/** EGL's pending frame: what an acquire would give, looked at and not taken. */
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { endChildren, removeRuntimeDirs } from "../programs/child.ts";
import { closeBenches, openBench, places } from "./places.ts";

afterEach(async () => {
  await closeBenches();
  await endChildren();
});
afterAll(removeRuntimeDirs);

describe.each(places)("$name", (place) => {
  test("fifo: the oldest waiting frame, with its pts; looking takes nothing", async () => {
    const bench = await openBench(place);
    const consumer = await bench.consume({ mode: "fifo", fifoLength: 3 });
    for (const pts of [10n, 20n, 30n]) await bench.source.post(1, { pts });
    for (let look = 0; look < 2; look++) expect(consumer.peek()).toEqual({ number: 1n, pts: 10n, isNew: true });
    expect(consumer.stats()).toMatchObject({ delivered: 0n, waiting: 3n });
    for (const [number, pts] of [
      [1n, 10n],
      [2n, 20n],
      [3n, 30n],
    ] as const) {
      expect(consumer.peek()).toEqual({ number, pts, isNew: true });
      const frame = await consumer.acquire();
      expect({ number: frame.number, pts: frame.pts }).toEqual({ number, pts });
    }
  });

  test("mailbox: the newest frame", async () => {
    const bench = await openBench(place);
    const consumer = await bench.consume({ mode: "mailbox" });
    await bench.source.post(3);
    expect(consumer.peek()).toEqual({ number: 3n, pts: undefined, isNew: true });
    expect((await consumer.acquire()).number).toBe(3n);
  });

  test("in old-frame-available the old frame, held or released; in empty undefined", async () => {
    const bench = await openBench(place);
    const consumer = await bench.consume();
    expect(consumer.state).toBe("empty");
    expect(consumer.peek()).toBeUndefined();
    await bench.source.post(1, { pts: 7n });
    const frame = await consumer.acquire();
    const old = { number: 1n, pts: 7n, isNew: false };
    expect(consumer.peek()).toEqual(old);
    frame.release();
    expect(consumer.state).toBe("old-frame-available");
    expect(consumer.peek()).toEqual(old);
  });

  test("without reuse there is no old frame to look at; disconnected and closed there is nothing", async () => {
    const bench = await openBench(place);
    const consumer = await bench.consume({ mode: "fifo", reuse: false });
    await bench.source.post(2);
    await consumer.acquire();
    expect(consumer.peek()).toMatchObject({ number: 2n });
    await consumer.acquire();
    expect(consumer.peek()).toBeUndefined();
    await bench.source.post(1);
    await consumer.close();
    expect(consumer.peek()).toBeUndefined();
  });

  test("a frame in memory that was added after the consumer came can be looked at", async () => {
    const bench = await openBench(place);
    const consumer = await bench.consume({ mode: "fifo", fifoLength: 1 });
    await bench.consume({ mode: "fifo", fifoLength: 64, maxHeld: 8 });
    await bench.source.post(1);
    expect(consumer.peek()).toMatchObject({ number: 1n });
    for (let number = 2n; number <= 20n; number++) {
      (await consumer.acquire()).release();
      await bench.source.post(1);
      expect(consumer.peek()).toMatchObject({ number });
    }
  });
});
