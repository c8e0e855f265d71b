/** EGL's attributes by name: what they say, who may set them, and in which state. */
import { type Consumer, createStream, type SettableAttribute, type Stream, type StreamAttributes } from "edgestream";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { endChildren, removeRuntimeDirs, until } from "../programs/child.ts";
import { closeBenches, frame, modes, openBench, places } from "./places.ts";

const bytes = new Uint8Array(64 * 16);
const settable: readonly SettableAttribute[] = ["consumerLatencyUsec", "consumerAcquireTimeoutUsec"];
const initial = [
  "streamFifoLength",
  "supportReset",
  "supportReuse",
  "producerMaxFrameHint",
  "consumerMaxFrameHint",
] as const;
const readOnly = [
  "streamState",
  "producerFrame",
  "consumerFrame",
  "pendingFrame",
  "streamTimeNow",
  "streamTimeProducer",
  "streamTimeConsumer",
  "streamTimePending",
] as const;
const all: readonly (keyof StreamAttributes)[] = [...readOnly, ...initial, ...settable];

function code(of: string) {
  return expect.objectContaining({ code: of });
}

afterEach(async () => {
  await closeBenches();
  await endChildren();
});
afterAll(removeRuntimeDirs);

describe.each(places)("$name", (place) => {
  describe.each(modes)("%s", (mode) => {
    test("frame numbers and times by name: produced, acquired, pending", async () => {
      const bench = await openBench(place);
      const consumer = await bench.consume({ mode });
      const numbers = () => [
        consumer.query("producerFrame"),
        consumer.query("consumerFrame"),
        consumer.query("pendingFrame"),
      ];
      expect(numbers()).toEqual([0n, 0n, 0n]);
      await bench.source.post(1, { pts: 100n });
      await bench.source.post(1, { pts: 200n });
      const next = mode === "mailbox" ? 2n : 1n;
      expect(numbers()).toEqual([2n, 0n, next]);
      expect(consumer.query("streamTimeProducer")).toBe(200n);
      expect(consumer.query("streamTimeConsumer")).toBe(0n);
      expect(consumer.query("streamTimePending")).toBe(next * 100n);
      await consumer.acquire();
      expect(numbers()).toEqual([2n, next, 2n]);
      expect(consumer.query("streamTimeConsumer")).toBe(next * 100n);
      expect(await bench.source.query("producerFrame")).toBe(2n);
      expect(await bench.source.query("streamTimeProducer")).toBe(200n);
      expect(consumer.query("streamState")).toBe(consumer.state);
      await consumer.acquire({ timeoutMs: 0 }); // in mailbox the old frame again
      expect(consumer.query("consumerFrame")).toBe(2n);
    });
  });

  test("the latency that a consumer sets is seen at the producer: the largest, and each in the stats", async () => {
    const bench = await openBench(place);
    expect(await bench.source.query("consumerLatencyUsec")).toBe(0);
    const screen = await bench.consume();
    const wall = await bench.consume();
    expect(screen.query("consumerLatencyUsec")).toBe(0);
    screen.set("consumerLatencyUsec", 16_000);
    wall.set("consumerLatencyUsec", 40_000);
    expect(screen.query("consumerLatencyUsec")).toBe(16_000);
    expect(await bench.source.query("consumerLatencyUsec")).toBe(40_000);
    const { connections } = await bench.source.stats();
    expect(connections.map(({ consumerLatencyUsec }) => consumerLatencyUsec)).toEqual([16_000, 40_000]);
    wall.set("consumerLatencyUsec", 0);
    expect(await bench.source.query("consumerLatencyUsec")).toBe(16_000);
  });

  test("the acquire timeout is what an acquire waits without timeoutMs; below 0 without limit", async () => {
    const bench = await openBench(place);
    const consumer = await bench.consume();
    expect(consumer.query("consumerAcquireTimeoutUsec")).toBe(-1);
    consumer.set("consumerAcquireTimeoutUsec", 0);
    await expect(consumer.acquire()).rejects.toMatchObject({ code: "ERR_BAD_STATE", reason: "timeout" });
    consumer.set("consumerAcquireTimeoutUsec", 30_000);
    const started = performance.now();
    await expect(consumer.acquire()).rejects.toMatchObject({ reason: "timeout" });
    expect(performance.now() - started).toBeGreaterThanOrEqual(30);
    consumer.set("consumerAcquireTimeoutUsec", -1);
    const taken = consumer.acquire();
    await bench.source.post();
    expect((await taken).number).toBe(1n);
  });

  test("disconnected: every attribute can be queried, none can be set (ERR_BAD_STATE)", async () => {
    const bench = await openBench(place);
    const consumer = await bench.consume({ mode: "fifo" });
    consumer.set("consumerLatencyUsec", 7);
    await bench.source.post(1, { pts: 5n });
    await consumer.acquire();
    await bench.source.closeInput();
    await until("the end is seen", () => consumer.state === "disconnected");
    for (const name of all) expect(() => consumer.query(name)).not.toThrow();
    expect(consumer.query("consumerFrame")).toBe(1n);
    expect(consumer.query("streamTimeConsumer")).toBe(5n);
    for (const name of settable) expect(() => consumer.set(name, 1)).toThrow(code("ERR_BAD_STATE"));
    expect(consumer.query("consumerLatencyUsec")).toBe(7);
  });
});

/** Both ends of one stream here, so that each state can be reached in turn. */
async function throughAllStates(visit: (stream: Stream, consumer: Consumer | undefined, state: string) => void) {
  const stream = await createStream({ strict: true, mode: "fifo", fifoLength: 3, frame });
  const seen: string[] = [];
  const look = (consumer?: Consumer) => {
    seen.push(stream.query("streamState"));
    visit(stream, consumer, stream.state);
  };
  look();
  const consumer = await stream.connectConsumer();
  look(consumer);
  const producer = await stream.connectProducer();
  look(consumer);
  await producer.push(bytes);
  look(consumer);
  await consumer.acquire();
  look(consumer);
  await producer.close();
  await until("the end is seen", () => consumer.state === "disconnected");
  look(consumer);
  await stream.close();
  expect(seen).toEqual([
    "created",
    "connecting",
    "empty",
    "new-frame-available",
    "old-frame-available",
    "disconnected",
  ]);
}

describe("access", () => {
  test("in every state every attribute can be queried, at the stream and at its consumer", async () => {
    await throughAllStates((stream, consumer) => {
      for (const name of all) {
        expect(() => stream.query(name)).not.toThrow();
        if (consumer !== undefined) expect(() => consumer.query(name)).not.toThrow();
      }
    });
  });

  test("a read-only attribute, and one that only creation decides, is ERR_BAD_ACCESS in every state", async () => {
    await throughAllStates((stream, consumer) => {
      for (const name of [...readOnly, ...initial]) {
        expect(() => stream.set(name as never, 1)).toThrow(code("ERR_BAD_ACCESS"));
        if (consumer !== undefined) expect(() => consumer.set(name as never, 1)).toThrow(code("ERR_BAD_ACCESS"));
      }
    });
  });

  test("an unknown name is ERR_BAD_ATTRIBUTE, to query and to set, whatever its type", async () => {
    await throughAllStates((stream, consumer) => {
      for (const name of ["streamFifoSynchronous", "constructor", "", 3, undefined, Symbol("x")]) {
        for (const end of consumer === undefined ? [stream] : [stream, consumer]) {
          expect(() => end.query(name as never)).toThrow(code("ERR_BAD_ATTRIBUTE"));
          expect(() => end.set(name as never, 1)).toThrow(code("ERR_BAD_ATTRIBUTE"));
        }
      }
    });
  });

  test("those that may be set can be set in every state but disconnected, which is ERR_BAD_STATE", async () => {
    let value = 0;
    await throughAllStates((stream, consumer, state) => {
      for (const name of settable) {
        if (state === "disconnected") {
          expect(() => stream.set(name, value)).toThrow(code("ERR_BAD_STATE"));
          continue;
        }
        stream.set(name, ++value);
        expect(stream.query(name)).toBe(value);
        if (consumer !== undefined) expect(consumer.query(name)).toBe(value);
      }
    });
  });

  test("a value out of range, or no integer, is ERR_BAD_PARAMETER and changes nothing", async () => {
    await using stream = await createStream({ frame });
    for (const value of [-1, 0.5, 2 ** 31, Number.NaN, "5", 5n, undefined]) {
      expect(() => stream.set("consumerLatencyUsec", value as never)).toThrow(code("ERR_BAD_PARAMETER"));
    }
    expect(() => stream.set("consumerAcquireTimeoutUsec", -(2 ** 31))).toThrow(code("ERR_BAD_PARAMETER"));
    expect(stream.query("consumerLatencyUsec")).toBe(0);
    stream.set("consumerLatencyUsec", 2 ** 31 - 1);
    expect(stream.query("consumerLatencyUsec")).toBe(2 ** 31 - 1);
  });

  test("after close it is ERR_BAD_STREAM", async () => {
    const stream = await createStream({ frame });
    const consumer = await stream.connectConsumer();
    await consumer.close();
    expect(() => consumer.query("streamState")).toThrow(code("ERR_BAD_STREAM"));
    expect(() => consumer.set("consumerLatencyUsec", 1)).toThrow(code("ERR_BAD_STREAM"));
    await stream.close();
    expect(() => stream.query("streamState")).toThrow(code("ERR_BAD_STREAM"));
    expect(() => stream.set("consumerLatencyUsec", 1)).toThrow(code("ERR_BAD_STREAM"));
  });
});

test("each attribute has the type that its name stands for", async () => {
  await using stream = await createStream({ mode: "fifo", fifoLength: 3, supportReset: true, reuse: false, frame });
  const consumer = await stream.connectConsumer();
  await stream.connectProducer();
  for (const end of [stream, consumer]) {
    for (const name of readOnly.slice(1)) expect(typeof end.query(name)).toBe("bigint");
    for (const name of settable) expect(typeof end.query(name)).toBe("number");
    expect(end.query("streamState")).toBe("empty");
    expect(end.query("streamFifoLength")).toBe(3);
    expect(end.query("supportReset")).toBe(true);
    expect(end.query("supportReuse")).toBe(false);
    expect(end.query("producerMaxFrameHint")).toBeUndefined();
  }
  expect((await stream.connectConsumer({ mode: "mailbox" })).query("streamFifoLength")).toBe(0);
});

test("a consumer begins with what was set at its stream, and keeps what is set at itself", async () => {
  await using stream = await createStream({ frame });
  stream.set("consumerLatencyUsec", 1000);
  const first = await stream.connectConsumer();
  expect(first.query("consumerLatencyUsec")).toBe(1000);
  first.set("consumerLatencyUsec", 3000); // its producer is not there yet
  const producer = await stream.connectProducer();
  const second = await stream.connectConsumer();
  expect(second.query("consumerLatencyUsec")).toBe(1000);
  expect(producer.stats().connections.map(({ consumerLatencyUsec }) => consumerLatencyUsec)).toEqual([3000, 1000]);
  expect(() => stream.query("consumerFrame")).toThrow(code("ERR_BAD_MATCH"));
  await second.close();
  expect(stream.query("consumerFrame")).toBe(0n);
});

test("the monotonic time runs on, and is the clock of a frame's times", async () => {
  await using stream = await createStream({ frame });
  const producer = await stream.connectProducer();
  const consumer = await stream.connectConsumer();
  const before = stream.query("streamTimeNow");
  await producer.push(bytes);
  const { posted } = (await consumer.acquire()).timestamps;
  const after = consumer.query("streamTimeNow");
  expect(posted).toBeGreaterThanOrEqual(before);
  expect(posted).toBeLessThanOrEqual(after);
});

test("frame-count hints size the pool from the beginning; more than hinted is no error", async () => {
  await using hinted = await createStream({ frame, producerMaxFrameHint: 20, consumerMaxFrameHint: 2 });
  expect(hinted.query("producerMaxFrameHint")).toBe(20);
  expect(hinted.query("consumerMaxFrameHint")).toBe(2);
  const producer = await hinted.connectProducer();
  expect(producer.stats().pool).toMatchObject({ slots: 20, memoryObjects: 1 });
  const few = await hinted.connectConsumer({ mode: "fifo", fifoLength: 8, maxHeld: 3 });
  expect(producer.stats().pool).toMatchObject({ slots: 20, memoryObjects: 1 });
  for (let number = 0; number < 3; number++) await producer.push(bytes);
  for (let number = 0; number < 3; number++) await few.acquire(); // more than hinted
  expect(few.stats().held).toBe(3n);
  await hinted.connectConsumer({ mode: "fifo", fifoLength: 20, maxHeld: 4 });
  expect(producer.stats().pool.slots).toBeGreaterThan(20);
});
