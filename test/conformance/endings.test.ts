/** How a stream ends, and what is left to read then. */
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { endChildren, removeRuntimeDirs, until, within } from "../programs/child.ts";
import { Pattern } from "../programs/pattern.mjs";
import { closeBenches, localPlaces, modes, openBench, places } from "./places.ts";

const pattern = new Pattern(64 * 16);
const waitingAtTheEnd = { mailbox: [3n], fifo: [1n, 2n, 3n], broadcast: [1n, 2n, 3n] } as const;

afterEach(async () => {
  await closeBenches();
  await endChildren();
});
afterAll(removeRuntimeDirs);

describe.each(places)("$name", (place) => {
  describe.each(modes)("%s", (mode) => {
    test("closeInput lets the consumer read what waits; then its iterator ends normally", async () => {
      const bench = await openBench(place);
      const consumer = await bench.consume({ mode });
      await bench.source.post(3);
      const closing = bench.source.closeInput();
      const seen: bigint[] = [];
      for await (const frame of consumer) seen.push(frame.number);
      expect(seen).toEqual(waitingAtTheEnd[mode]);
      await within("closeInput, once all was read", closing);
      expect(consumer.state).toBe("disconnected");
      expect(consumer.stats()).toMatchObject({ cause: "ended", waiting: 0n });
      expect(await consumer.next()).toEqual({ status: "closed" });
      await expect(bench.source.post(1)).rejects.toMatchObject({ code: "ERR_BAD_STATE" });
    });

    test("closeInput on an idle stream ends a waiting iterator normally", async () => {
      const bench = await openBench(place);
      const consumer = await bench.consume({ mode });
      const reading = (async () => {
        for await (const _frame of consumer);
        return "over";
      })();
      await bench.source.closeInput();
      expect(await within("the iterator", reading)).toBe("over");
    });

    test("stop wakes every waiter and drops what waits", async () => {
      const bench = await openBench(place);
      const consumer = await bench.consume({ mode });
      const waiting = consumer.next();
      await bench.source.stop();
      expect(await within("the waiting next", waiting)).toEqual({ status: "closed" });
      expect(consumer.state).toBe("disconnected");
      expect(consumer.stats().cause).toBe("stopped");
      await expect(consumer.acquire()).rejects.toMatchObject({ code: "ERR_BAD_STATE", reason: "closed" });
    });

    test("stop wakes a waiting post, and frames that wait are gone", async () => {
      const bench = await openBench(place);
      const consumer = await bench.consume({ mode: "fifo", fifoLength: 1 });
      const other = await bench.consume({ mode });
      await bench.source.post(1);
      const waiting = bench.source.post(1);
      const outcome = waiting.then(
        () => "posted",
        (error: { reason?: string }) => error.reason,
      );
      await bench.source.stop();
      expect(await within("the waiting post", outcome)).toBe("closed");
      expect(await other.next()).toEqual({ status: "closed" });
      expect(await consumer.next()).toEqual({ status: "closed" });
    });

    test("the producer's close ends an iterator with ERR_PRODUCER_LOST, after what the mode drains", async () => {
      const bench = await openBench(place);
      const consumer = await bench.consume({ mode });
      await bench.source.post(3);
      await bench.source.closeProducer();
      const seen: bigint[] = [];
      const reading = (async () => {
        for await (const frame of consumer) seen.push(frame.number);
      })();
      await expect(within("the iterator", reading)).rejects.toMatchObject({ code: "ERR_PRODUCER_LOST" });
      expect(seen).toEqual(mode === "fifo" ? [1n, 2n, 3n] : []);
      expect(consumer.stats().cause).toBe("producer-closed");
    });

    test("a consumer's close wakes its own waiters, is idempotent, and the producer goes on", async () => {
      const bench = await openBench(place);
      const consumer = await bench.consume({ mode });
      const waiting = consumer.next();
      await consumer.close();
      await consumer.close();
      expect(await within("the waiting next", waiting)).toEqual({ status: "closed" });
      await until("the producer has seen it go", async () => {
        const events = await bench.source.events();
        return events.some(({ name, cause }) => name === "disconnected" && cause === "consumer-closed");
      });
      expect(await bench.source.post(2)).toHaveLength(2);
      await expect(consumer.acquire()).rejects.toMatchObject({ reason: "closed" });
    });

    test("an evicted consumer hears of it, and its slots come back when it closes", async () => {
      const bench = await openBench(place);
      const consumer = await bench.consume({ mode });
      await bench.source.post(1);
      const held = await consumer.acquire();
      const { connections } = await bench.source.stats();
      await bench.source.evict(connections[0]?.id ?? 0n, "by the test");
      expect(await within("the news", consumer.next())).toEqual({ status: "evicted" });
      expect(consumer.stats().cause).toBe("evicted-request");
      await bench.source.post(20);
      expect(pattern.matches(held.data, 1n)).toBe(true);
      await consumer.close();
      await until("its slots are free", async () => {
        const { pool } = await bench.source.stats();
        return pool.slotsFree === pool.slots;
      });
    });
  });

  test("closing twice is a silent success, for the stream and for the producer", async () => {
    const bench = await openBench(place);
    await bench.consume();
    await bench.source.closeProducer();
    await bench.source.closeProducer();
    await bench.source.close();
    await bench.source.close();
    expect(await bench.source.state()).toBe("disconnected");
  });

  test("a consumer that leaves and one that comes later each see their own part", async () => {
    const bench = await openBench(place);
    const first = await bench.consume({ mode: "fifo" });
    await bench.source.post(2);
    expect((await first.acquire()).number).toBe(1n);
    await first.close();
    const second = await bench.consume({ mode: "fifo" });
    await bench.source.post(1);
    expect(await second.acquire()).toMatchObject({ number: 3n, skipped: 0n });
  });
});

describe("a producer's process is killed", () => {
  const ipc = localPlaces.filter(({ name }) => name === "ipc");

  test.each(modes)(
    "%s: what was held stays, the mode decides what is drained, then ERR_PRODUCER_LOST",
    async (mode) => {
      const bench = await openBench(ipc[0] ?? expect.fail("there is no ipc place"));
      const consumer = await bench.consume({ mode, maxHeld: 2 });
      await bench.source.post(1);
      const held = await consumer.acquire();
      await bench.source.post(3);
      bench.kill?.();
      const seen: bigint[] = [];
      const reading = (async () => {
        for await (const frame of consumer) {
          expect(pattern.matches(frame.data, frame.number)).toBe(true);
          seen.push(frame.number);
        }
      })();
      // Until the death is noticed a mailbox or a laggard may still take what waits.
      await expect(within("the iterator", reading)).rejects.toMatchObject({ code: "ERR_PRODUCER_LOST" });
      if (mode === "fifo") expect(seen).toEqual([2n, 3n, 4n]);
      expect(consumer.stats().cause).toBe("producer-lost");
      expect(held.released).toBe(false);
      expect(pattern.matches(held.data, 1n)).toBe(true);
      await consumer.close();
    },
  );
});
