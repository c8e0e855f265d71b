/** `wait: event | poll | block` changes how a consumer waits, and nothing of what it gets. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { endChildren, removeRuntimeDirs } from "../programs/child.ts";
import { closeBenches, modes, openBench, places } from "./places.ts";

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
