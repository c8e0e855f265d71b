/** Who comes in, what they get first, and who is turned away with which words. */
import { createStream, openStream } from "edgestream";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { endChildren, makeRuntimeDir, removeRuntimeDirs, until, within } from "../programs/child.ts";
import { numberIn, Pattern } from "../programs/pattern.mjs";
import { childSource } from "../programs/remote-source.ts";
import { closeBenches, frame, modes, openBench, places } from "./places.ts";

const pattern = new Pattern(64 * 16);

afterEach(async () => {
  await closeBenches();
  await endChildren();
});
afterAll(removeRuntimeDirs);

describe.each(places)("$name", (place) => {
  describe.each(modes)("%s", (mode) => {
    test("a late consumer starts with the next frame, and nothing before counts as skipped", async () => {
      const bench = await openBench(place);
      await bench.source.post(7);
      const consumer = await bench.consume({ mode });
      expect((await consumer.next({ timeoutMs: 20 })).status).toBe("timeout");
      await bench.source.post(1);
      expect(await consumer.acquire()).toMatchObject({ number: 8n, skipped: 0n });
    });

    test("a late consumer that asks for the newest gets it at once", async () => {
      const bench = await openBench(place);
      await bench.source.post(7);
      const consumer = await bench.consume({ mode, start: "newest" });
      const newest = await within("the newest frame", consumer.acquire());
      expect(newest).toMatchObject({ number: 7n, skipped: 0n, isNew: true });
      expect(pattern.matches(newest.data, 7n)).toBe(true);
    });
  });

  test("accept turns away what it does not allow, and says which limit", async () => {
    const accept = { modes: ["mailbox", "broadcast"], maxHeld: 2, maxConsumers: 3 } as const;
    const bench = await openBench(place, { accept });
    const refused = { code: "ERR_REFUSED" };
    const fifo = bench.stream.connectConsumer({ mode: "fifo" });
    await expect(fifo).rejects.toMatchObject({ ...refused, message: expect.stringContaining("accept.modes") });
    const greedy = bench.stream.connectConsumer({ maxHeld: 3 });
    await expect(greedy).rejects.toMatchObject({ ...refused, message: expect.stringContaining("accept.maxHeld") });
    for (let seat = 0; seat < 3; seat++) await bench.consume();
    const fourth = bench.stream.connectConsumer();
    await expect(fourth).rejects.toMatchObject({ ...refused, message: expect.stringContaining("maxConsumers") });
    await until("the producer heard of all three", async () => {
      return (
        (await bench.source.events()).filter(({ name, from }) => name === "refused" && from === "producer").length === 3
      );
    });
  });

  test("a fifoLength above maxFifoLength and a pool above maxSlots are refused", async () => {
    const bench = await openBench(place, { accept: { maxFifoLength: 4, maxSlots: 10 } });
    const long = bench.stream.connectConsumer({ mode: "fifo", fifoLength: 5 });
    await expect(long).rejects.toMatchObject({ message: expect.stringContaining("accept.maxFifoLength 4") });
    const large = bench.stream.connectConsumer({ mode: "broadcast", capacity: 64 });
    await expect(large).rejects.toMatchObject({ message: expect.stringContaining("accept.maxSlots") });
  });

  test("a consumer that takes other formats only is ERR_BAD_MATCH", async () => {
    const bench = await openBench(place);
    const picky = bench.stream.connectConsumer({ formats: ["NV12", "I420"] });
    await expect(picky).rejects.toMatchObject({ code: "ERR_BAD_MATCH", message: expect.stringContaining("GRAY8") });
    await bench.consume({ formats: ["NV12", "GRAY8"] });
  });

  test("the pool grows for those who come later, and earlier frames stay as they are", async () => {
    const bench = await openBench(place);
    const first = await bench.consume({ mode: "mailbox" });
    await bench.source.post(1);
    const held = await first.acquire();
    const before = (await bench.source.stats()).pool;
    const second = await bench.consume({ mode: "fifo", fifoLength: 20, maxHeld: 8 });
    const after = (await bench.source.stats()).pool;
    expect(after.slots).toBeGreaterThan(before.slots);
    expect(after.memoryObjects).toBeGreaterThan(before.memoryObjects);
    for (let number = 2n; number <= 60n; number++) {
      await bench.source.post(1);
      const seen = await second.acquire();
      expect(pattern.matches(seen.data, number)).toBe(true);
      seen.release();
    }
    expect(pattern.matches(held.data, 1n)).toBe(true);
    expect(pattern.matches((await first.acquire()).data, 60n)).toBe(true);
  });

  test("via says how the stream is reached, and why", async () => {
    const bench = await openBench(place);
    expect(bench.stream.via).toMatchObject({
      transport: place.name === "in process" ? "in-process" : place.name,
      memory: "host",
    });
    expect(bench.stream.via.reason.length).toBeGreaterThan(10);
  });
});

describe("strict", () => {
  test("wants its consumer first, takes one, and ends with it", async () => {
    const stream = await createStream({ strict: true, frame });
    await expect(stream.connectProducer()).rejects.toMatchObject({ code: "ERR_BAD_STATE" });
    const consumer = await stream.connectConsumer();
    await expect(stream.connectConsumer()).rejects.toMatchObject({ code: "ERR_BAD_STATE" });
    const producer = await stream.connectProducer();
    await producer.push(pattern.picture(1));
    expect((await consumer.acquire()).number).toBe(1n);
    await consumer.close();
    await until("the stream is over", () => producer.state === "disconnected" || stream.state === "disconnected");
    await expect(stream.connectConsumer()).rejects.toMatchObject({ code: "ERR_BAD_STATE" });
    await stream.close();
  });
});

describe("openStream", () => {
  test("waits for a stream that appears later", async () => {
    const runtimeDir = makeRuntimeDir();
    const opening = openStream("later", { runtimeDir });
    const source = await childSource();
    await source.create({ name: "later", runtimeDir, frame });
    const stream = await within("the stream", opening);
    const consumer = await stream.connectConsumer();
    await source.connect();
    await until("both have met", () => consumer.state === "empty");
    await stream.close();
  });

  test("gives up after timeoutMs, not earlier, and at an abort", async () => {
    const runtimeDir = makeRuntimeDir();
    const started = performance.now();
    const never = openStream("never", { runtimeDir, timeoutMs: 60 });
    await expect(never).rejects.toMatchObject({ code: "ERR_NOT_FOUND", reason: "timeout" });
    expect(performance.now() - started).toBeGreaterThanOrEqual(60);
    const controller = new AbortController();
    const waiting = openStream("never", { runtimeDir, signal: controller.signal });
    controller.abort();
    await expect(within("the abort", waiting)).rejects.toMatchObject({ code: "ERR_ABORTED", reason: "aborted" });
  });

  test("a second stream of one name is ERR_RESOURCE_BUSY; after close the name is free", async () => {
    const runtimeDir = makeRuntimeDir();
    const first = await createStream({ name: "one", runtimeDir, frame });
    const second = createStream({ name: "one", runtimeDir, frame });
    await expect(second).rejects.toMatchObject({ code: "ERR_RESOURCE_BUSY" });
    await first.close();
    const third = await createStream({ name: "one", runtimeDir, frame });
    await third.close();
  });

  test("a name that makes the socket path too long is a clear error", async () => {
    const runtimeDir = `${makeRuntimeDir()}/${"d".repeat(60)}`;
    const long = createStream({ name: "n".repeat(63), runtimeDir, frame });
    await expect(long).rejects.toMatchObject({ code: "ERR_BAD_PARAMETER", message: expect.stringContaining("107") });
  });

  test("the consumer may listen and the producer come to it", async () => {
    const runtimeDir = makeRuntimeDir();
    const stream = await createStream({ name: "display", runtimeDir });
    const consumer = await stream.connectConsumer({ mode: "fifo" });
    const source = await childSource();
    await source.open("display", { runtimeDir });
    await source.connect({ frame });
    await until("both have met", () => consumer.state === "empty");
    const second = await childSource();
    await second.open("display", { runtimeDir });
    await expect(second.connect({ frame })).rejects.toMatchObject({ code: "ERR_RESOURCE_BUSY" });
    const posting = source.post(30);
    for (let number = 1n; number <= 30n; number++) {
      const next = await within("the next frame", consumer.acquire());
      expect(next.number).toBe(number);
      expect(numberIn(next.metadata)).toBe(number);
      expect(pattern.matches(next.data, number)).toBe(true);
    }
    await posting;
    await source.closeInput();
    expect(await within("the end", consumer.next())).toEqual({ status: "closed" });
    await stream.close();
  });
});
