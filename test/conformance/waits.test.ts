/** Timeouts, aborts, and the one pending acquire. */
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { endChildren, removeRuntimeDirs, within } from "../programs/child.ts";
import { closeBenches, modes, openBench, places } from "./places.ts";

afterEach(async () => {
  await closeBenches();
  await endChildren();
});
afterAll(removeRuntimeDirs);

describe.each(places)("$name", (place) => {
  describe.each(modes)("%s", (mode) => {
    test("an acquire in empty fails with ERR_BAD_STATE, not before its timeout", async () => {
      const bench = await openBench(place);
      const consumer = await bench.consume({ mode });
      for (const timeoutMs of [0, 1, 7, 40]) {
        const started = performance.now();
        const acquire = consumer.acquire({ timeoutMs });
        await expect(acquire).rejects.toMatchObject({ name: "StreamError", code: "ERR_BAD_STATE", reason: "timeout" });
        expect(performance.now() - started).toBeGreaterThanOrEqual(timeoutMs);
      }
    });

    test("next says timeout, not before its time, also where an old frame is at hand", async () => {
      const bench = await openBench(place);
      const consumer = await bench.consume({ mode });
      await bench.source.post(1);
      await consumer.acquire();
      for (const timeoutMs of [1, 25]) {
        const started = performance.now();
        expect(await consumer.next({ timeoutMs })).toEqual({ status: "timeout" });
        expect(performance.now() - started).toBeGreaterThanOrEqual(timeoutMs);
      }
    });

    test("an acquire where an old frame is at hand waits for a new one, then gives the old one", async () => {
      const bench = await openBench(place);
      const consumer = await bench.consume({ mode });
      await bench.source.post(1);
      await consumer.acquire();
      const started = performance.now();
      const old = await consumer.acquire({ timeoutMs: 25 });
      expect(performance.now() - started).toBeGreaterThanOrEqual(25);
      expect(old).toMatchObject({ number: 1n, isNew: false });
      const waiting = consumer.acquire({ timeoutMs: 20_000 });
      await bench.source.post(1);
      expect(await waiting).toMatchObject({ number: 2n, isNew: true });
    });

    test("tryAcquire never waits and never throws for flow", async () => {
      const bench = await openBench(place);
      const consumer = await bench.consume({ mode });
      expect(consumer.tryAcquire()).toEqual({ status: "would-block" });
      await bench.source.post(1);
      expect(consumer.tryAcquire()).toMatchObject({ status: "ok", frame: { number: 1n, isNew: true } });
    });

    test("a frame that comes during the wait ends it", async () => {
      const bench = await openBench(place);
      const consumer = await bench.consume({ mode });
      const waiting = consumer.acquire();
      await bench.source.post(1);
      expect(await within("the frame", waiting)).toMatchObject({ number: 1n });
    });

    test("an AbortSignal ends a wait at once, before and during it", async () => {
      const bench = await openBench(place);
      const consumer = await bench.consume({ mode });
      const early = consumer.acquire({ signal: AbortSignal.abort() });
      await expect(early).rejects.toMatchObject({ code: "ERR_ABORTED", reason: "aborted" });
      const controller = new AbortController();
      const waiting = consumer.next({ signal: controller.signal });
      controller.abort();
      expect(await within("the aborted wait", waiting)).toEqual({ status: "aborted" });
      await bench.source.post(1);
      expect((await consumer.acquire()).number).toBe(1n); // an abort costs no frame
    });

    test("a second pending acquire is ERR_RESOURCE_BUSY and does not disturb the first", async () => {
      const bench = await openBench(place);
      const consumer = await bench.consume({ mode });
      const first = consumer.acquire();
      await expect(consumer.acquire()).rejects.toMatchObject({ code: "ERR_RESOURCE_BUSY" });
      await expect(consumer.next()).rejects.toMatchObject({ code: "ERR_RESOURCE_BUSY" });
      await bench.source.post(1);
      expect(await within("the first acquire", first)).toMatchObject({ number: 1n });
    });
  });

  test("more slots than maxWriting are ERR_RESOURCE_BUSY; a discarded one counts no longer", async () => {
    const bench = await openBench(place, {}, { maxWriting: 2 });
    const first = await bench.source.acquire();
    await bench.source.acquire();
    await expect(bench.source.acquire()).rejects.toMatchObject({ code: "ERR_RESOURCE_BUSY" });
    await bench.source.discardHeld(first);
    await bench.source.discardHeld(first);
    expect(await bench.source.heldInfo(first)).toEqual({ released: true, length: 0 });
    await bench.source.acquire();
  });

  test("a producer waits for the first consumer when it was told to, and drops otherwise", async () => {
    const patient = await openBench(place, {}, { whenNoConsumer: "wait" });
    await expect(patient.source.post(1, { timeoutMs: 30 })).rejects.toMatchObject({ reason: "timeout" });
    const posting = patient.source.post(1, { timeoutMs: 20_000 });
    const consumer = await patient.consume({ mode: "fifo" });
    expect(await within("the post that waited", posting)).toEqual([1n]);
    expect((await consumer.acquire()).number).toBe(1n);

    const careless = await openBench(place);
    expect(await careless.source.post(3)).toEqual([1n, 2n, 3n]);
    expect(await careless.source.stats()).toMatchObject({ frames: 3n, noConsumer: 3n });
  });
});
