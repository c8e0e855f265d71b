/** `wait: event | poll | block` changes how a consumer waits, and nothing of what it gets. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { endChildren, removeRuntimeDirs } from "../programs/child.ts";
import { closeBenches, localPlaces, modes, openBench, type Place, places } from "./places.ts";

const strategies = ["event", "poll", "block"] as const;

afterEach(async () => {
  await closeBenches();
  await endChildren();
});
afterAll(removeRuntimeDirs);

describe.each(places)("$name", (place) => {
  describe.each(strategies)("wait: %s", (wait) => {
    test.each(modes)("%s: a frame that comes later ends the wait", async (mode) => {
      const bench = await openBench(place);
      const consumer = await bench.consume({ mode, wait });
      for (let number = 1n; number <= 5n; number++) {
        const next = consumer.next({ timeoutMs: 20_000 });
        await bench.source.post(1);
        expect(await next).toMatchObject({ status: "ok", frame: { number } });
      }
    });

    test("a timeout, an abort and a close end the wait", async () => {
      const bench = await openBench(place);
      const consumer = await bench.consume({ wait });
      const started = performance.now();
      expect(await consumer.next({ timeoutMs: 30 })).toEqual({ status: "timeout" });
      expect(performance.now() - started).toBeGreaterThanOrEqual(30);
      expect(await consumer.next({ signal: AbortSignal.timeout(10) })).toEqual({ status: "aborted" });
      const next = consumer.next();
      setTimeout(() => void consumer.close(), 5);
      expect(await next).toEqual({ status: "closed" });
    });

    test("an iteration reads all and ends with the input", async () => {
      const bench = await openBench(place);
      const consumer = await bench.consume({ mode: "fifo", fifoLength: 16, wait });
      const seen: bigint[] = [];
      const reading = (async () => {
        for await (const frame of consumer) seen.push(frame.number);
      })();
      await bench.source.post(6);
      await bench.source.closeInput();
      await reading;
      expect(seen).toEqual([1n, 2n, 3n, 4n, 5n, 6n]);
    });

    test("the event loop goes on while somebody waits", async () => {
      const bench = await openBench(place);
      const consumer = await bench.consume({ wait });
      const next = consumer.next({ timeoutMs: 20_000 });
      for (let turn = 0; turn < 5; turn++) await sleep(1);
      await bench.source.post(1);
      expect((await next).status).toBe("ok");
    });
  });

  test("a consumer that polls asks for no wake-up", async () => {
    const bench = await openBench(place);
    const consumer = await bench.consume({ wait: "poll" });
    for (let number = 1n; number <= 3n; number++) {
      const next = consumer.next({ timeoutMs: 20_000 });
      await sleep(5);
      await bench.source.post(1);
      await next;
    }
    // Nobody told it, so it knew of each frame in the moment it took it.
    expect(consumer.stats().latency?.acquire).toMatchObject({ frames: 3, maxUs: 0 });
  });
});

describe("how a thread that waits in its own way rests", () => {
  const place = localPlaces.find(({ name }) => name === "ipc") as Place;

  /** Processor time of this process while `ms` pass, in ms. */
  async function processorMs(ms: number): Promise<number> {
    const before = process.cpuUsage();
    await sleep(ms);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  }

  test("block: it does not spin beside a frame that it cannot take, and takes it when it can", async () => {
    const bench = await openBench(place);
    const consumer = await bench.consume({ mode: "fifo", fifoLength: 4, maxHeld: 2, wait: "block" });
    await bench.source.post(3);
    const [first] = [await consumer.acquire(), await consumer.acquire()];
    const third = consumer.acquire({ timeoutMs: 20_000 });
    const spent = await processorMs(300);
    console.log(`  ${spent.toFixed(1)} ms of processor time in 300 ms`);
    expect(spent).toBeLessThan(150); // spinning takes all of it
    first?.release();
    expect((await third).number).toBe(3n);
  });

  test.each(["poll", "block"] as const)("%s: unref() turns it into a wait that is woken", async (wait) => {
    const bench = await openBench(place);
    const consumer = await bench.consume({ mode: "fifo", wait });
    expect(await consumer.next({ timeoutMs: 30 })).toEqual({ status: "timeout" }); // it has waited in its own way
    consumer.unref();
    const unreferenced = consumer.next({ timeoutMs: 20_000 });
    expect(await processorMs(200)).toBeLessThan(100);
    await bench.source.post(1);
    expect(await unreferenced).toMatchObject({ status: "ok", frame: { number: 1n } });
    const next = consumer.next({ timeoutMs: 20_000 });
    consumer.ref();
    await bench.source.post(1);
    expect(await next).toMatchObject({ status: "ok", frame: { number: 2n } });
  });
});
