/** Frames that come by themselves: auto-acquire, and the event for those who acquire at each step. */
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { endChildren, removeRuntimeDirs, until } from "../programs/child.ts";
import { closeBenches, localPlaces, modes, openBench, type Place, places } from "./places.ts";

afterEach(async () => {
  await closeBenches();
  await endChildren();
});
afterAll(removeRuntimeDirs);

describe.each(places)("$name", (place) => {
  test("auto-acquire takes what waits at once, then every new frame; each lease ends with its callback", async () => {
    const bench = await openBench(place);
    const consumer = await bench.consume({ mode: "fifo", fifoLength: 8 });
    await bench.source.post(3);
    const seen: bigint[] = [];
    const frames: { released: boolean }[] = [];
    const done = consumer.autoAcquire((frame) => {
      seen.push(frame.number);
      frames.push(frame);
    });
    expect(consumer.stats().delivered).toBe(1n);
    await until("what waited was seen", () => seen.length === 3);
    await bench.source.post(3);
    await bench.source.closeInput();
    await done;
    expect(seen).toEqual([1n, 2n, 3n, 4n, 5n, 6n]);
    expect(frames.every(({ released }) => released)).toBe(true);
    expect(consumer.autoAcquiring).toBe(false);
  });

  test("switched off it takes no more, and the running callback is awaited", async () => {
    const bench = await openBench(place);
    const consumer = await bench.consume({ mode: "fifo", fifoLength: 8 });
    await bench.source.post(2);
    let finish = () => {};
    let ended = false;
    const running = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const done = consumer.autoAcquire(async () => {
      await running;
      ended = true;
    });
    const off = consumer.autoAcquire(undefined);
    finish();
    await off;
    expect(ended).toBe(true);
    await done;
    expect(consumer.stats()).toMatchObject({ delivered: 1n, waiting: 1n });
    expect((await consumer.acquire()).number).toBe(2n);
  });

  test("a second callback and an acquire beside it are ERR_RESOURCE_BUSY; its throw is heard", async () => {
    const bench = await openBench(place);
    const consumer = await bench.consume();
    const done = consumer.autoAcquire(() => {
      throw new RangeError("of the application");
    });
    await expect(consumer.autoAcquire(() => {})).rejects.toMatchObject({ code: "ERR_RESOURCE_BUSY" });
    await expect(consumer.acquire()).rejects.toMatchObject({ code: "ERR_RESOURCE_BUSY" });
    await Promise.all([expect(done).rejects.toThrow("of the application"), bench.source.post(1)]);
    await bench.source.post(1);
    expect((await consumer.acquire()).number).toBe(2n);
  });

  test("event frame comes once per step into new-frame-available", async () => {
    const bench = await openBench(place);
    const consumer = await bench.consume({ mode: "fifo", fifoLength: 8 });
    let events = 0;
    consumer.on("frame", () => events++);
    await bench.source.post(3);
    await until("the step is told", () => events > 0);
    await bench.source.post(2);
    await bench.source.stats();
    expect(events).toBe(1);
    while (consumer.tryAcquire({ newOnly: true }).status === "ok");
    await bench.source.post(1);
    await until("the second step is told", () => events > 1);
    expect(events).toBe(2);
  });

  test("who listens while frames wait is told of them", async () => {
    const bench = await openBench(place);
    const consumer = await bench.consume();
    await bench.source.post(1);
    let events = 0;
    consumer.on("frame", () => events++);
    await until("it is told", () => events === 1);
  });

  test.each(modes)("%s: whoever takes all at each event frame misses nothing", async (mode) => {
    const bench = await openBench(place);
    const consumer = await bench.consume({ mode, ...(mode === "fifo" ? { fifoLength: 4 } : {}) });
    let last = 0n;
    let accounted = 0n;
    consumer.on("frame", () => {
      for (;;) {
        const result = consumer.tryAcquire({ newOnly: true });
        if (result.status !== "ok") return;
        expect(result.frame.number).toBeGreaterThan(last);
        last = result.frame.number;
        accounted += 1n + result.frame.skipped;
      }
    });
    await bench.source.run(200);
    await until("the last frame was seen", () => last === 200n);
    expect(accounted).toBe(200n);
    if (mode === "fifo") expect(consumer.stats().skipped).toBe(0n);
  });
});

test("a listener that may hold no more is told again after a release, and does not spin meanwhile", async () => {
  const bench = await openBench(localPlaces[0] as Place);
  const consumer = await bench.consume({ mode: "fifo", fifoLength: 4, maxHeld: 2 });
  const held: { release(): void }[] = [];
  let events = 0;
  consumer.on("frame", () => {
    events++;
    for (let result = consumer.tryAcquire({ newOnly: true }); result.status === "ok"; ) {
      held.push(result.frame);
      result = consumer.tryAcquire({ newOnly: true });
    }
  });
  await bench.source.post(4);
  await until("two are held", () => held.length === 2);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(events).toBeLessThan(5);
  held[0]?.release();
  await until("the third came", () => held.length === 3);
});
