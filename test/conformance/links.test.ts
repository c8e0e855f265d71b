/** What holds for streams over a link besides the rules of every stream. */
import { createStream, type NegotiatedAttributes, openStream, type RefusedEvent, type Stream } from "edgestream";
import { afterEach, describe, expect, test } from "vitest";
import { until, within } from "../programs/child.ts";
import { frame } from "./places.ts";

const open: Stream[] = [];
afterEach(async () => {
  for (const stream of open.splice(0).reverse()) await stream.close();
});

async function listen(options: Parameters<typeof createStream>[0] = {}): Promise<Stream> {
  const stream = await createStream({ name: "cam", frame, listen: ["tcp://127.0.0.1:0"], ...options });
  open.push(stream);
  return stream;
}

async function dial(stream: Stream, options: Parameters<typeof openStream>[1] = {}): Promise<Stream> {
  const opened = await openStream(stream.addresses[0] ?? "", options);
  open.push(opened);
  return opened;
}

const picture = new Uint8Array(frame.width * (frame.height ?? 1)).fill(7);

describe("attributes", () => {
  test.each<[NegotiatedAttributes, NegotiatedAttributes, string]>([
    [{}, {}, "mailbox"],
    [{ mode: "fifo" }, {}, "fifo"],
    [{}, { mode: "fifo" }, "mailbox"], // it insists on its own: the next line asks for it
    [{ mode: "broadcast" }, { mode: "broadcast" }, "broadcast"],
  ])("what nobody insists on is the default, what one end insists on holds for both", async (ours, theirs, mode) => {
    const stream = await listen({ attributes: ours });
    const producer = await stream.connectProducer();
    const consumer = await (await dial(stream, { attributes: theirs })).connectConsumer();
    expect(consumer.stats().mode).toBe(theirs.mode ?? mode);
    expect(producer.stats().connections[0]?.mode).toBe(theirs.mode ?? mode);
  });

  test.each<[NegotiatedAttributes, NegotiatedAttributes, string]>([
    [{ mode: "fifo" }, { mode: "broadcast" }, "mode"],
    [{}, { format: "NV12" }, "format"],
    [{ supportReset: true, width: 64 }, { supportReset: false, width: 32 }, "width, supportReset"],
  ])(
    "two attributes that clash: disconnected at both ends with the names, and no throw",
    async (ours, theirs, names) => {
      const stream = await listen({ attributes: ours });
      const refused: RefusedEvent[] = [];
      stream.on("refused", (event) => refused.push(event));
      await stream.connectProducer();
      const consumer = await (await dial(stream, { attributes: theirs })).connectConsumer();
      expect(consumer.state).toBe("disconnected");
      expect(consumer.cause).toBe("refused");
      expect(consumer.reason).toContain(names);
      await expect(consumer.acquire({ timeoutMs: 0 })).rejects.toMatchObject({ code: "ERR_BAD_STATE" });
      expect(refused).toEqual([{ code: "ERR_BAD_MATCH", reason: expect.stringContaining(names) }]);
    },
  );
});

test("a token for reading does not let a producer in, and a second producer is refused", async () => {
  const stream = await listen({ tokens: { read: "r", publish: "p" } });
  const reader = await dial(stream, { token: "r" });
  await expect(reader.connectProducer({ frame })).rejects.toMatchObject({ code: "ERR_BAD_ACCESS" });
  await (await dial(stream, { token: "p" })).connectProducer({ frame });
  const second = (await dial(stream, { token: "p" })).connectProducer({ frame });
  await expect(second).rejects.toMatchObject({ code: "ERR_RESOURCE_BUSY" });
});

test("posted, flushed, told by another way: an acquire finds the frame every time", async () => {
  const stream = await listen();
  const producer = await stream.connectProducer();
  const consumer = await (await dial(stream, { mode: "fifo" })).connectConsumer();
  for (let number = 1n; number <= 200n; number++) {
    await producer.push(picture);
    await producer.flush();
    const { status, frame } = consumer.tryAcquire({ newOnly: true });
    expect([status, frame?.number]).toEqual(["ok", number]);
  }
});

test("a remote consumer that holds frames, or is gone, holds no slot of the producer", async () => {
  const stream = await listen();
  const producer = await stream.connectProducer();
  const remote = await dial(stream, { mode: "fifo", fifoLength: 8, maxHeld: 4 });
  const consumer = await remote.connectConsumer();
  for (let count = 0; count < 6; count++) await producer.push(picture);
  await producer.flush();
  const held = [await consumer.acquire(), await consumer.acquire(), await consumer.acquire()];
  expect(held.map((each) => each.number)).toEqual([1n, 2n, 3n]);
  const { pool, connections } = producer.stats();
  expect(pool.slotsFree).toBeGreaterThanOrEqual(pool.slots - 1); // the newest frame is kept, as for anybody
  expect(connections[0]?.held).toBeLessThanOrEqual(1n);
  await remote.close();
  await until("its seat is given up", () => producer.stats().connections.length === 0);
  expect(producer.stats().pool.slotsFree).toBe(pool.slots);
});

test("on one host the clocks are one: times are exact, and the offset is within its error", async () => {
  const stream = await listen();
  const producer = await stream.connectProducer();
  const consumer = await (await dial(stream, { mode: "fifo" })).connectConsumer();
  await producer.push(picture, { captured: 123_456_789n });
  await producer.flush();
  const { timestamps } = await within("the frame", consumer.acquire());
  expect(timestamps.captured).toBe(123_456_789n);
  expect(timestamps.acquired).toBeGreaterThan(timestamps.posted);
  const { remote } = consumer.stats();
  const { clockOffset = 1n << 62n, clockError = 0n, roundTrip = 0n } = remote ?? {};
  expect(clockOffset < 0n ? -clockOffset : clockOffset).toBeLessThanOrEqual(clockError);
  expect(roundTrip).toBeGreaterThan(0n);
  expect(remote).toMatchObject({ arrived: 1n, arrivedBytes: BigInt(picture.length) });
});
