/** How long a frame lives, and what is left of it afterwards. */
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { endChildren, removeRuntimeDirs, until } from "../programs/child.ts";
import { numberIn, Pattern } from "../programs/pattern.mjs";
import { closeBenches, modes, openBench, places } from "./places.ts";

const pattern = new Pattern(64 * 16);

afterEach(async () => {
  await closeBenches();
  await endChildren();
});
afterAll(removeRuntimeDirs);

describe.each(places)("$name", (place) => {
  describe.each(modes)("%s", (mode) => {
    test("with maxHeld 1 the next acquire ends the earlier lease", async () => {
      const bench = await openBench(place);
      const consumer = await bench.consume({ mode });
      await bench.source.post(1);
      const first = await consumer.acquire();
      const view = first.data;
      expect(view.byteLength).toBe(64 * 16);
      await bench.source.post(1);
      const second = await consumer.acquire();
      expect(second.number).toBe(2n);
      expect(first.released).toBe(true);
      expect(view.byteLength).toBe(0);
      expect(second.released).toBe(false);
    });

    test("a released frame's views have length 0, and a second release is a silent success", async () => {
      const bench = await openBench(place);
      const consumer = await bench.consume({ mode });
      await bench.source.post(1);
      const frame = await consumer.acquire();
      const view = frame.data;
      const plane = frame.planes[0]?.data;
      const copy = frame.copy();
      expect(pattern.matches(view, 1n)).toBe(true);
      frame.release();
      frame.release();
      expect(view.byteLength).toBe(0);
      expect(plane?.byteLength).toBe(0);
      expect(frame.data.byteLength).toBe(0);
      expect(pattern.matches(copy, 1n)).toBe(true);
      expect(() => frame.copy()).toThrow(expect.objectContaining({ code: "ERR_BAD_STATE" }));
    });

    test("`using` gives the frame back at the end of its block", async () => {
      const bench = await openBench(place);
      const consumer = await bench.consume({ mode });
      await bench.source.post(1);
      const frame = await consumer.acquire();
      {
        using lease = frame;
        expect(lease.released).toBe(false);
      }
      expect(frame.released).toBe(true);
    });

    test("the old frame is acquired again as it was, and says that it is not new", async () => {
      const bench = await openBench(place);
      const consumer = await bench.consume({ mode });
      await bench.source.post(1);
      const first = await consumer.acquire();
      expect(first.isNew).toBe(true);
      first.release();
      const again = await consumer.acquire({ timeoutMs: 10 });
      expect(again).toMatchObject({ number: 1n, isNew: false, skipped: 0n });
      expect(pattern.matches(again.data, 1n)).toBe(true);
      expect(numberIn(again.metadata)).toBe(1n);
      expect((await bench.source.stats()).connections[0]).toMatchObject({ delivered: 1n });
    });

    test("iteration brings new frames only, released at the next turn, and at break", async () => {
      const bench = await openBench(place);
      const consumer = await bench.consume({ mode });
      const seen: { released: boolean }[] = [];
      await bench.source.post(1);
      for await (const frame of consumer) {
        expect(frame.isNew).toBe(true);
        expect(frame.released).toBe(false);
        for (const earlier of seen) expect(earlier.released).toBe(true);
        seen.push(frame);
        if (seen.length === 3) break;
        await bench.source.post(1);
      }
      expect(seen).toHaveLength(3);
      expect(seen[2]?.released).toBe(true);
      await bench.source.post(1);
      expect((await consumer.acquire()).number).toBe(4n); // the connection outlives the loop
    });

    test("iteration releases the frame when the loop throws", async () => {
      const bench = await openBench(place);
      const consumer = await bench.consume({ mode });
      await bench.source.post(1);
      let last: { released: boolean } | undefined;
      const loop = async () => {
        for await (const frame of consumer) {
          last = frame;
          throw new Error("the application's own");
        }
      };
      await expect(loop()).rejects.toThrow("the application's own");
      expect(last?.released).toBe(true);
    });
  });

  test.skipIf(!place.sharesMemory)(
    "maxHeld above 1: frames are released in any order and none changes while held",
    async () => {
      const bench = await openBench(place);
      const consumer = await bench.consume({ mode: "fifo", fifoLength: 4, maxHeld: 3 });
      await bench.source.post(3);
      const [one, two, three] = [await consumer.acquire(), await consumer.acquire(), await consumer.acquire()];
      expect([one.number, two.number, three.number]).toEqual([1n, 2n, 3n]);
      await bench.source.post(2);
      two.release();
      const four = await consumer.acquire();
      expect(four.number).toBe(4n);
      one.release();
      const five = await consumer.acquire();
      await bench.source.post(3);
      expect(pattern.matches(three.data, 3n)).toBe(true);
      expect(pattern.matches(four.data, 4n)).toBe(true);
      expect(pattern.matches(five.data, 5n)).toBe(true);
      expect(two.data.byteLength).toBe(0);
      expect((await bench.source.stats()).connections[0]).toMatchObject({ held: 3n, waiting: 3n });
    },
  );

  test("with every credit out an acquire waits for a release", async () => {
    const bench = await openBench(place);
    const consumer = await bench.consume({ mode: "fifo", fifoLength: 4, maxHeld: 2, reuse: false });
    await bench.source.post(3);
    const first = await consumer.acquire();
    await consumer.acquire();
    expect((await consumer.next({ timeoutMs: 20 })).status).toBe("timeout");
    const third = consumer.next({ timeoutMs: 20_000 });
    first.release();
    expect(await third).toMatchObject({ status: "ok", frame: { number: 3n } });
  });

  test("a consumer that never releases harms nobody but itself", async () => {
    const bench = await openBench(place);
    const hoarder = await bench.consume({ mode: "mailbox", maxHeld: 4 });
    const other = await bench.consume({ mode: "fifo", fifoLength: 2 });
    const hoard = [];
    for (let number = 1n; number <= 200n; number++) {
      await bench.source.post(1);
      const frame = await other.acquire();
      expect(frame.number).toBe(number);
      expect(pattern.matches(frame.data, number)).toBe(true);
      const result = hoarder.tryAcquire();
      if (result.status === "ok" && result.frame.isNew) hoard.push(result.frame);
    }
    expect(hoard.map(({ number }) => number)).toEqual([1n, 2n, 3n, 4n]);
    for (const frame of hoard) expect(pattern.matches(frame.data, frame.number)).toBe(true);
  });

  test("a closed consumer's frames are over, and its slots are the producer's again", async () => {
    const bench = await openBench(place);
    const consumer = await bench.consume({ mode: "fifo", fifoLength: 4, maxHeld: 4 });
    await bench.source.post(4);
    const frame = await consumer.acquire();
    const view = frame.data;
    await consumer.close();
    expect(frame.released).toBe(true);
    expect(view.byteLength).toBe(0);
    frame.release();
    await until("all slots are free", async () => {
      const { pool, connections } = await bench.source.stats();
      return connections.length === 0 && pool.slotsFree === pool.slots;
    });
  });
});
