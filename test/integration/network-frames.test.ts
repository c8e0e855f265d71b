/** What arrives over the network: frames of all sizes, what is told beside them, and the figures of the way. */
import { afterEach, describe, expect, test } from "vitest";
import {
  addressOf,
  closeStreams,
  created,
  freePort,
  listenOver,
  opened,
  postFilled,
  readChecked,
  upTo,
} from "../net/streams.ts";
import { endChildren, until, within } from "../programs/child.ts";
import { childSource } from "../programs/remote-source.ts";

afterEach(async () => {
  await closeStreams();
  await endChildren();
});

/** A producer of another process, and a consumer of this one. */
async function pair(options: Parameters<typeof created>[0], consumer: Parameters<typeof opened>[1] = {}) {
  const source = await childSource();
  await source.create({ name: "net", listen: ["tcp://127.0.0.1:0"], ...options });
  await source.connect();
  const [address = ""] = await source.addresses();
  const stream = await opened(address, { mode: "fifo", ...consumer });
  return { source, stream, consumer: await stream.connectConsumer() };
}

describe.each(["tcp", "tls", "ws"] as const)("over %s", (carrier) => {
  test("frames of one byte, and of a few of a larger slot, pass beside metadata of 4096 bytes", async () => {
    const { server, client } = listenOver(carrier);
    const stream = await created({ name: "tiny", ...server, frame: { format: "bytes", width: 100 } });
    const producer = await stream.connectProducer();
    const remote = await opened(addressOf(stream), { mode: "fifo", ...client });
    const consumer = await remote.connectConsumer();
    await until("it is seated", () => producer.stats().connections[0]?.state === "empty");
    const metadata = new Uint8Array(4096).map((_, index) => index * 7);
    for (let value = 1; value <= 50; value++) {
      const size = value % 3 === 0 ? 2 : 1;
      const slot = await producer.acquire();
      slot.data.fill(value);
      await producer.post(slot, { size, metadata, pts: BigInt(value) * 1000n });
      const got = await consumer.acquire({ timeoutMs: 5000 });
      expect([got.number, got.pts, got.data.length]).toEqual([BigInt(value), BigInt(value) * 1000n, size]);
      expect(got.data.every((byte) => byte === value)).toBe(true);
      expect(Buffer.compare(got.metadata, metadata)).toBe(0);
      got.release();
    }
    const slot = await producer.acquire();
    const tooLong = producer.post(slot, { metadata: new Uint8Array(4097) });
    await expect(tooLong).rejects.toMatchObject({ code: "ERR_BAD_PARAMETER" });
    slot.discard();
  });

  test("8K pictures of 132 MB arrive whole", async () => {
    const { server, client } = listenOver(carrier);
    const large = { format: "RGBA", width: 7680, height: 4320 } as const;
    const stream = await created({ name: "large", ...server, frame: large });
    const producer = await stream.connectProducer();
    const remote = await opened(addressOf(stream), { mode: "fifo", fifoLength: 2, idleTimeoutMs: 2000, ...client });
    const consumer = await remote.connectConsumer();
    const bytes = large.width * large.height * 4;
    for (let value = 1; value <= 3; value++) {
      const slot = await producer.acquire();
      const words = new Uint32Array(slot.data.buffer, slot.data.byteOffset, bytes / 4);
      words.fill(value * 0x01010101);
      for (let at = 0; at < words.length; at += 4096) words[at] = at + value; // each of its place
      await producer.post(slot);
      const got = await consumer.acquire({ timeoutMs: 20_000 });
      const seen = new Uint32Array(got.data.buffer, got.data.byteOffset, bytes / 4);
      const wrong = seen.findIndex((word, at) => word !== (at % 4096 === 0 ? at + value : value * 0x01010101));
      expect([got.number, got.data.length, wrong]).toEqual([BigInt(value), bytes, -1]);
      got.release();
    }
    expect(consumer.stats()).toMatchObject({ delivered: 3n, remote: { arrived: 3n, arrivedBytes: BigInt(3 * bytes) } });
  });
});

test("sticky blocks: a frame has them as they were when it was posted, also for who came later", async () => {
  const stream = await created({ name: "sticky", listen: ["tcp://127.0.0.1:0"] });
  const producer = await stream.connectProducer();
  producer.setMetadata(0, 0, Buffer.from("calibration"));
  producer.setMetadata(3, 4, Buffer.from("offset"));
  const remote = await opened(addressOf(stream), { mode: "fifo", fifoLength: 4 });
  const consumer = await remote.connectConsumer();
  await until("it is seated", () => producer.stats().connections[0]?.state === "empty");
  await postFilled(producer, 1);
  producer.setMetadata(0, 0, Buffer.from("other words"));
  await postFilled(producer, 2);
  producer.setMetadata(1, 0, Buffer.from("late"));
  await postFilled(producer, 3);
  const texts = [];
  for (let count = 0; count < 3; count++) {
    const got = await consumer.acquire({ timeoutMs: 5000 });
    texts.push([0, 1, 2, 3].map((block) => Buffer.from(got.metadataBlock(block as 0)).toString()));
  }
  expect(texts).toEqual([
    ["calibration", "", "", "\0\0\0\0offset"],
    ["other words", "", "", "\0\0\0\0offset"],
    ["other words", "late", "", "\0\0\0\0offset"],
  ]);
});

test("a new layout comes with its first frame; frames before it keep theirs", async () => {
  const { source, consumer } = await pair({ frame: { format: "GRAY8", width: 64, height: 16 } }, { fifoLength: 8 });
  const changes: string[] = [];
  consumer.on("formatchange", ({ layout }) => changes.push(`${layout.format} ${layout.width}x${layout.height}`));
  await source.post(2);
  await source.reconfigure({ format: "NV12", width: 320, height: 240 });
  await source.post(2);
  await source.reconfigure({ format: "GRAY8", width: 8, height: 8 });
  await source.post(2);
  const sizes = [];
  for (let number = 1n; number <= 6n; number++) {
    const got = await consumer.acquire({ timeoutMs: 5000 });
    expect(got.number).toBe(number);
    sizes.push(got.data.length);
    got.release();
  }
  expect(sizes).toEqual([1024, 1024, 115_200, 115_200, 64, 64]);
  expect(changes).toEqual(["NV12 320x240", "GRAY8 8x8"]);
});

test("a hundred remote consumers get every frame", async () => {
  const source = await childSource();
  const accept = { maxConsumers: 128 };
  const frame = { format: "GRAY8", width: 64, height: 64 } as const;
  await source.create({ name: "crowd", frame, accept, listen: ["tcp://127.0.0.1:0"] });
  await source.connect();
  const [address = ""] = await source.addresses();
  const stream = await opened(address, { mode: "fifo", fifoLength: 4 });
  const consumers = await Promise.all(Array.from({ length: 100 }, () => stream.connectConsumer()));
  await until("all are seated", async () => {
    const { connections } = await source.stats();
    return connections.filter(({ state }) => state === "empty").length === 100;
  });
  const posts = source.post(40);
  const all = await Promise.all(consumers.map((consumer) => readChecked(consumer, 40)));
  await posts;
  for (const numbers of all) expect(numbers).toEqual(upTo(40));
  const { connections } = await source.stats();
  const delivered = connections.map((each) => each.delivered);
  expect(delivered).toEqual(delivered.map(() => 40n));
}, 60_000);

test("with demand a frame is sent only while somebody waits for it", async () => {
  const { source, consumer } = await pair(
    { frame: { format: "GRAY8", width: 64, height: 16 } },
    {
      mode: "mailbox",
      demand: true,
    },
  );
  await source.post(20);
  await source.flushLinks();
  expect(consumer.stats().remote?.arrived).toBe(0n);
  const got = await consumer.acquire({ timeoutMs: 5000 });
  expect([got.number, got.skipped]).toEqual([20n, 19n]);
  await source.post(5);
  await source.flushLinks();
  expect(consumer.stats().remote?.arrived).toBe(1n);
  const waiting = consumer.acquire({ timeoutMs: 5000 });
  expect((await waiting).number).toBe(25n);
  expect(consumer.stats()).toMatchObject({ delivered: 2n, skipped: 23n, remote: { arrived: 2n } });
});

test("stats().remote: on one host the offset is zero within its bound, and transfers take time", async () => {
  const { source, consumer } = await pair({ frame: { format: "GRAY8", width: 64, height: 16 } });
  await until("a ping was answered", () => consumer.stats().remote?.clockOffset !== undefined);
  await source.post(1);
  await readChecked(consumer, 1);
  await source.post(1);
  const before = process.hrtime.bigint();
  const got = await consumer.acquire({ timeoutMs: 5000 });
  const { remote } = consumer.stats();
  if (remote?.clockOffset === undefined || remote.clockError === undefined) throw new Error("there is no estimate");
  const { clockOffset: offset, clockError: error } = remote;
  expect(error).toBeGreaterThan(0n);
  expect(offset <= error && offset >= -error).toBe(true);
  expect(remote.roundTrip).toBeGreaterThan(0n);
  expect(remote).toMatchObject({ arrived: 2n, arrivedBytes: 2048n, transfer: { frames: 2 } });
  expect(remote.transfer.p50).toBeGreaterThan(0);
  const { posted } = got.timestamps;
  expect(posted <= before + error + 1_000_000_000n && posted >= before - 20_000_000_000n).toBe(true);
});

test("a producer that dials a port nobody listens on yet waits for it", async () => {
  const port = await freePort();
  const late = opened(`tcp://127.0.0.1:${port}/late`, { timeoutMs: 10_000 });
  const stream = await created({ name: "late", listen: [`tcp://127.0.0.1:${port}`] });
  const consumer = await stream.connectConsumer({ mode: "fifo" });
  const remote = await within("the stream is found", late);
  const producer = await remote.connectProducer({ frame: { format: "GRAY8", width: 4, height: 4 } });
  await until("it is met", () => consumer.state === "empty");
  await postFilled(producer, 5);
  const got = await consumer.acquire({ timeoutMs: 5000 });
  expect(got.data[0]).toBe(5);
});
