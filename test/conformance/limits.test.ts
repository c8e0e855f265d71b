/** Consumers that pass a limit: each is told once, with numbers, and the others do not notice. */
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { endChildren, removeRuntimeDirs, until } from "../programs/child.ts";
import { type Bench, closeBenches, openBench, places } from "./places.ts";

afterEach(async () => {
  await closeBenches();
  await endChildren();
});
afterAll(removeRuntimeDirs);

/** The producer's events of one name, once there are `count`. */
async function told(bench: Bench, name: string, count = 1) {
  const find = async () =>
    (await bench.source.events()).filter((event) => event.name === name && event.from === "producer");
  await until(`${count} events ${name}`, async () => (await find()).length >= count);
  return find();
}

const maxHoldMs = 40;
const severalLooks = () => new Promise((resolve) => setTimeout(resolve, 4 * maxHoldMs));

describe.each(places)("$name", (place) => {
  test.skipIf(!place.sharesMemory)(
    "a frame held longer than maxHoldMs is told once per lease; the connection goes on",
    async () => {
      const bench = await openBench(place, { accept: { maxHoldMs } });
      const consumer = await bench.consume({ mode: "fifo", maxHeld: 3 });
      await bench.source.post(2);
      const first = await consumer.acquire();
      const [event] = await told(bench, "heldTooLong");
      expect(event).toMatchObject({ connection: consumer.connection, frames: 1 });
      expect(event?.heldMs).toBeGreaterThanOrEqual(maxHoldMs);
      await severalLooks();
      const second = await consumer.acquire();
      const both = await told(bench, "heldTooLong", 2);
      expect(both.map(({ frames }) => frames)).toEqual([1, 2]);
      first.release();
      second.release();
      await bench.source.post(1);
      expect((await consumer.acquire()).number).toBe(3n);
      expect(consumer.state).toBe("old-frame-available");
    },
  );

  test("a consumer that waits for frames holds none, though its last one is kept for reuse", async () => {
    const bench = await openBench(place, { accept: { maxHoldMs, onHeldTooLong: "evict" } });
    const consumer = await bench.consume({ mode: "mailbox" });
    await bench.source.post(1);
    (await consumer.acquire()).release();
    await severalLooks();
    expect((await bench.source.stats()).connections[0]).toMatchObject({ held: 1n, state: "old-frame-available" });
    await bench.source.post(1);
    expect((await consumer.acquire()).number).toBe(2n);
  });

  test.skipIf(!place.sharesMemory)(
    "onHeldTooLong evict says why, with the last counters; the frame stays until it is released",
    async () => {
      const bench = await openBench(place, { accept: { maxHoldMs, onHeldTooLong: "evict" } });
      const holder = await bench.consume({ mode: "mailbox" });
      const reader = await bench.consume({ mode: "mailbox" });
      await bench.source.post(1);
      const held = await holder.acquire();
      const before = Buffer.from(held.data);
      (await reader.acquire()).release();
      const { connection } = holder;
      const [evicted] = await told(bench, "evicted");
      const [disconnected] = await told(bench, "disconnected");
      const stats = { posted: 1n, delivered: 1n, skipped: 0n, discarded: 0n, waiting: 0n, held: 1n };
      const cause = "evicted-hold";
      expect(evicted).toMatchObject({ connection, cause, reason: expect.stringContaining("maxHoldMs"), stats });
      expect(disconnected).toMatchObject({ connection, cause, discarded: 0n, stats });
      for (let number = 2n; number <= 40n; number++) {
        await bench.source.post(1);
        const frame = await reader.acquire();
        expect(frame.number).toBe(number);
        frame.release();
      }
      expect(Buffer.compare(before, held.data)).toBe(0);
      await expect(holder.acquire()).rejects.toMatchObject({ code: "ERR_BAD_STATE", reason: "evicted" });
      expect(holder.cause).toBe(cause);
      expect(holder.reason).toContain("maxHoldMs");
      held.release();
      await holder.close();
      await until("only the reader is left", async () => (await bench.source.stats()).connections.length === 1);
      await reader.close();
      await until("all slots are back", async () => {
        const { pool } = await bench.source.stats();
        return pool.slotsFree === pool.slots;
      });
    },
  );

  test.skipIf(!place.sharesMemory)("a stalled connection that takes frames again is recovered", async () => {
    const bench = await openBench(place);
    const consumer = await bench.consume({ mode: "fifo", fifoLength: 1, maxWaitMs: 20, onStall: "overwrite" });
    await bench.source.post(2);
    const { connection } = consumer;
    expect(await told(bench, "stalled")).toHaveLength(1);
    expect((await bench.source.events()).some(({ name }) => name === "recovered")).toBe(false);
    expect((await consumer.acquire()).number).toBe(2n);
    const [recovered] = await told(bench, "recovered");
    expect(recovered).toMatchObject({ connection });
    expect(recovered?.waitedMs).toBeGreaterThanOrEqual(20);
  });

  test("maxLagTotal counts skipped frames over the connection's whole life", async () => {
    const bench = await openBench(place);
    const consumer = await bench.consume({ mode: "mailbox", maxLagTotal: 4 });
    for (let round = 1; round <= 2; round++) {
      await bench.source.post(3);
      (await consumer.acquire()).release();
    }
    expect(consumer.stats().skipped).toBe(4n);
    await bench.source.post(2);
    expect(await told(bench, "lagged")).toMatchObject([{ skipped: 5n }]);
    expect(await told(bench, "evicted")).toMatchObject([{ cause: "evicted-lag", stats: { skipped: 5n } }]);
    await until("the consumer knows", () => consumer.state === "disconnected");
    expect(consumer.reason).toContain("maxLagTotal");
  });
});
