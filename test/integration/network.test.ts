/** Streams over the network as applications meet them: who listens, at which addresses, and in which order. */

import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import {
  addressOf,
  carriers,
  closeStreams,
  created,
  frame,
  freePort,
  listenOver,
  opened,
  postFilled,
  readChecked,
  upTo,
} from "../net/streams.ts";
import { endChildren, run, until, within } from "../programs/child.ts";
import { childSource } from "../programs/remote-source.ts";

afterEach(async () => {
  await closeStreams();
  await endChildren();
});

describe.each(carriers)("over %s", (carrier) => {
  test("the consumer's side listens: a producer of another process feeds local consumers of each mode", async () => {
    const { server, client } = listenOver(carrier);
    const stream = await created({ name: "net", mode: "fifo", ...server });
    const fifo = await stream.connectConsumer({ mode: "fifo", fifoLength: 4 });
    const mailbox = await stream.connectConsumer({ mode: "mailbox" });
    const source = await childSource();
    await source.open(addressOf(stream), client);
    await source.connect({ frame });
    const posts = source.post(30);
    expect(await within("30 frames", readChecked(fifo, 30))).toEqual(upTo(30));
    await posts;
    const newest = await mailbox.acquire({ timeoutMs: 5000 });
    expect(newest.number).toBe(30n);
    newest.release();
    await source.closeProducer();
    await until("both learn of the end", () => [fifo, mailbox].every(({ state }) => state === "disconnected"));
    expect([fifo.cause, mailbox.cause]).toEqual(["producer-closed", "producer-closed"]);
  });

  test("the producer's side listens: consumers of another process get every frame whole", async () => {
    const { server, client } = listenOver(carrier);
    const source = await childSource();
    await source.create({ name: "net", frame, ...server });
    await source.connect();
    const [address = ""] = await source.addresses();
    const consumer = { mode: "fifo", fifoLength: 8 };
    const sink = run("sink.mjs", { name: address, open: client, consumer });
    await sink.line("connected");
    await source.post(100);
    await source.closeInput();
    expect(await sink.line("done")).toMatchObject({ frames: 100, torn: 0, unaccounted: "0", cause: "ended" });
    await sink.ended();
  });
});

test("a consumer that comes before the producer gets its first frame", async () => {
  const stream = await created({ name: "net", listen: ["tcp://127.0.0.1:0"] });
  const remote = await opened(addressOf(stream), { mode: "fifo" });
  const consumer = await remote.connectConsumer();
  expect(consumer.state).toBe("connecting");
  const producer = await stream.connectProducer();
  await until("it is seated", () => consumer.state === "empty");
  await postFilled(producer, 7);
  const got = await consumer.acquire({ timeoutMs: 5000 });
  expect([got.number, got.data[0]]).toEqual([1n, 7]);
});

test("IPv6: addresses have brackets at both ends", async () => {
  const stream = await created({ name: "six", listen: ["tcp://[::1]:0", "ws://[::1]:0"] });
  expect(stream.addresses).toEqual([
    expect.stringMatching(/^tcp:\/\/\[::1\]:\d+\/six$/),
    expect.stringMatching(/^ws:\/\/\[::1\]:\d+\/six$/),
  ]);
  const producer = await stream.connectProducer();
  for (const address of stream.addresses) {
    const remote = await opened(address, { mode: "fifo" });
    const consumer = await remote.connectConsumer();
    await postFilled(producer, 9);
    const got = await consumer.acquire({ timeoutMs: 5000 });
    expect(got.data.every((byte) => byte === 9)).toBe(true);
    expect(consumer.stats().remote?.peer).toMatch(/^(\[::1\]|::1):\d+$/);
    await consumer.close();
  }
});

test("several streams share a port, and it stays open until the last of them closes", async () => {
  const port = await freePort();
  const listen = [`tcp://127.0.0.1:${port}`];
  const names = ["left", "middle", "right"] as const;
  const all = await Promise.all(names.map((name) => created({ name, listen })));
  for (const [index, stream] of all.entries()) {
    expect(addressOf(stream)).toBe(`tcp://127.0.0.1:${port}/${names[index]}`);
    const producer = await stream.connectProducer();
    const remote = await opened(addressOf(stream), { mode: "fifo" });
    const consumer = await remote.connectConsumer();
    await postFilled(producer, index + 1);
    const got = await consumer.acquire({ timeoutMs: 5000 });
    expect(got.data[0]).toBe(index + 1);
  }
  await expect(created({ name: "left", listen })).rejects.toMatchObject({ code: "ERR_RESOURCE_BUSY" });
  await all[0]?.close();
  const gone = { code: "ERR_NOT_FOUND", message: expect.stringContaining('there is no stream "left"') };
  await expect(opened(`tcp://127.0.0.1:${port}/left`, { timeoutMs: 300 })).rejects.toMatchObject(gone);
  const right = await opened(`tcp://127.0.0.1:${port}/right`);
  expect(await right.info()).toMatchObject({ name: "right" });
  await closeStreams();
  const server = createServer().listen(port, "127.0.0.1");
  await new Promise((resolve, reject) => server.once("listening", resolve).once("error", reject));
  await new Promise((resolve) => server.close(resolve));
});

test.each(["tcp", "ws"])("a %s port that is taken fails createStream, and leaves nothing behind", async (carrier) => {
  const taken = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => taken.once("listening", resolve));
  const { port } = taken.address() as AddressInfo;
  const listen = ["tcp://127.0.0.1:0", `${carrier}://127.0.0.1:${port}`];
  const busy = { code: "ERR_RESOURCE_BUSY", message: expect.stringContaining(`127.0.0.1:${port}`) };
  await expect(created({ name: "busy", listen })).rejects.toMatchObject(busy);
  await new Promise((resolve) => taken.close(resolve));
  const stream = await created({ name: "busy", listen });
  expect(stream.addresses[1]).toBe(`${carrier}://127.0.0.1:${port}/busy`);
});

test("a stream that listens here and over the network has consumers of all kinds at once", async () => {
  const { server, client } = listenOver("tls");
  const listen = [...server.listen, "tcp://127.0.0.1:0", "ws://127.0.0.1:0"];
  const stream = await created({ name: "all", ...server, listen });
  const producer = await stream.connectProducer();
  const remotes = await Promise.all(stream.addresses.map((address) => opened(address, { mode: "fifo", ...client })));
  const consumers = await Promise.all([stream, ...remotes].map((each) => each.connectConsumer({ mode: "fifo" })));
  for (let value = 1; value <= 20; value++) {
    await postFilled(producer, value);
    const frames = await Promise.all(consumers.map((consumer) => consumer.acquire({ timeoutMs: 5000 })));
    expect(frames.map(({ number, data }) => [number, data[0]])).toEqual(frames.map(() => [BigInt(value), value]));
    for (const got of frames) got.release();
  }
  expect(remotes.map(({ via }) => via.transport)).toEqual(["tls", "tcp", "ws"]);
});
