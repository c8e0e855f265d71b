/** The other end of a link dies, stops, or goes: who is told what, what comes after it, and what is left behind. */
import { readdirSync } from "node:fs";
import { openStream } from "edgestream";
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
} from "../net/streams.ts";
import { countFds, endChildren, run, until } from "../programs/child.ts";
import { childSource } from "../programs/remote-source.ts";

afterEach(async () => {
  await closeStreams();
  await endChildren();
});

async function listener(port: number, carrier: (typeof carriers)[number] = "tcp", options = {}) {
  const { server, client } = listenOver(carrier);
  const source = await childSource();
  await source.create({ name: "net", frame, ...server, listen: [`${carrier}://127.0.0.1:${port}`], ...options });
  await source.connect();
  return { source, address: `${carrier}://127.0.0.1:${port}/net`, client };
}

describe.each(carriers)("over %s", (carrier) => {
  test("the producer's process is killed: producer-lost, and with reconnect its next life", async () => {
    const port = await freePort();
    const { source, address, client } = await listener(port, carrier);
    const stream = await opened(address, { mode: "fifo", ...client });
    const consumer = await stream.connectConsumer();
    const faithful = await stream.connectConsumer({ reconnect: { firstMs: 20, maxMs: 100 } });
    await until("both are seated", async () => {
      const { connections } = await source.stats();
      return connections.filter(({ state }) => state === "empty").length === 2;
    });
    await source.post(2);
    expect(await readChecked(consumer, 2)).toEqual([1n, 2n]);
    expect(await readChecked(faithful, 2)).toEqual([1n, 2n]);
    const { epoch } = faithful.stats();
    source.child.kill();
    await until("it is lost", () => consumer.state === "disconnected");
    expect(consumer.cause).toBe("producer-lost");
    expect(await consumer.next({ timeoutMs: 1000 })).toMatchObject({ status: "closed" });

    const { source: heir } = await listener(port, carrier);
    await until("it came back", async () => (await heir.stats()).connections[0]?.state === "empty");
    await heir.post(3);
    expect(await readChecked(faithful, 3)).toEqual([1n, 2n, 3n]);
    expect(faithful.stats().epoch).not.toBe(epoch);
    expect(faithful.stats()).toMatchObject({ reconnects: 1, missed: 0n, lifetime: { connections: 2, delivered: 5n } });
  });

  test("a peer that stands still is found within the idle time, by either end", async () => {
    const port = await freePort();
    const { source, address, client } = await listener(port, carrier);
    const stream = await opened(address, { mode: "fifo", idleTimeoutMs: 400, ...client });
    const consumer = await stream.connectConsumer();
    await until("it is seated", async () => (await source.stats()).connections[0]?.state === "empty");
    source.child.kill("SIGSTOP");
    await until("it is lost", () => consumer.state === "disconnected");
    expect([consumer.cause, consumer.reason]).toEqual(["producer-lost", expect.stringContaining("for 400 ms")]);
    source.child.kill("SIGCONT");

    const { server } = listenOver(carrier);
    const ours = await created({ name: "ours", ...server, idleTimeoutMs: 400 });
    const producer = await ours.connectProducer();
    const sink = run("sink.mjs", { name: addressOf(ours), open: client, consumer: { mode: "fifo" } });
    await sink.line("connected");
    await until("it is seated", () => producer.stats().connections[0]?.state === "empty");
    sink.kill("SIGSTOP");
    await until("its seat is free", () => producer.stats().connections.length === 0);
    sink.kill("SIGCONT");
    expect(await sink.line("done")).toMatchObject({ cause: "producer-lost" });
  });
});

test("a remote producer that is killed is over for local consumers, and its next life has its place", async () => {
  const stream = await created({ name: "net", listen: ["tcp://127.0.0.1:0"] });
  const consumer = await stream.connectConsumer({ mode: "fifo" });
  const source = await childSource();
  await source.open(addressOf(stream));
  await source.connect({ frame });
  await source.post(1);
  expect(await readChecked(consumer, 1)).toEqual([1n]);
  source.child.kill();
  await until("it is lost", () => consumer.state === "disconnected");
  expect(consumer.cause).toBe("producer-closed"); // the one of this process that posted for it

  const heir = await childSource();
  await heir.open(addressOf(stream));
  await heir.connect({ frame });
  const next = await stream.connectConsumer({ mode: "fifo" });
  await until("it is met", () => next.state === "empty");
  await heir.post(1);
  expect(await readChecked(next, 1)).toEqual([1n]);
});

test("with reconnect a producer dials again when the listener's process had been killed", async () => {
  const port = await freePort();
  const address = `tcp://127.0.0.1:${port}/net`;
  const create = async () => {
    const source = await childSource();
    await source.create({ name: "net", mode: "mailbox", listen: [`tcp://127.0.0.1:${port}`] });
    return source;
  };
  const first = await create();
  const stream = await opened(address, { reconnect: { firstMs: 20, maxMs: 100 } });
  const producer = await stream.connectProducer({ frame });
  await postFilled(producer, 1);
  first.child.kill();
  await first.child.exit;
  await create();
  const reader = await opened(address, { mode: "mailbox" });
  const consumer = await reader.connectConsumer();
  let value = 1;
  await until("a frame has come", async () => {
    await postFilled(producer, ++value);
    return (await consumer.next({ timeoutMs: 20 })).status === "ok";
  });
});

test("two hundred connections leave no descriptor, timer or memory behind, at either end", async () => {
  const { source, address } = await listener(await freePort());
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
  const cycle = async (times: number) => {
    for (let count = 0; count < times; count++) {
      const stream = await openStream(address, { mode: count % 2 === 0 ? "fifo" : "mailbox" });
      const consumer = await stream.connectConsumer();
      await source.post(1);
      await consumer.acquire({ timeoutMs: 5000 });
      if (count % 3 === 0) await source.post(1); // on its way when the consumer goes
      await stream.close();
    }
  };
  const settle = () => until("all seats are free", async () => (await source.stats()).connections.length === 0);
  await cycle(20); // what is made once
  await settle();
  const before = { fds: countFds(), timers: timers(), theirs: await source.resources() };
  const maps = () => readdirSync("/proc/self/map_files").length;
  const mapsBefore = maps();
  await cycle(200);
  await settle();
  await until("our descriptors are closed", () => countFds() <= before.fds);
  await until("theirs are, too", async () => (await source.resources()).fds <= before.theirs.fds);
  await until("no timer runs", () => timers() <= before.timers);
  expect(maps()).toBeLessThan(mapsBefore + 50);
  const { rssAnonBytes } = await source.resources();
  expect(rssAnonBytes - before.theirs.rssAnonBytes).toBeLessThan(100e6); // half a megabyte for each would be found
}, 60_000);

test("consumers that close in the middle of a large frame leave both ends sound", async () => {
  const large = { format: "RGBA", width: 3840, height: 2160 } as const;
  const { source, address } = await listener(await freePort(), "tcp", { frame: large });
  await (await openStream(address)).close(); // what is made once
  const fds = countFds();
  for (let count = 0; count < 12; count++) {
    const stream = await openStream(address, { mode: "fifo" });
    const consumer = await stream.connectConsumer();
    const posted = source.post(4);
    const got = await consumer.acquire({ timeoutMs: 10_000 }); // the next one is on its way
    got.release();
    await new Promise((resolve) => setTimeout(resolve, count));
    await stream.close();
    // Memory where a frame was just received is used by others now.
    const others = Array.from({ length: 4 }, () => Buffer.alloc(33_177_600, 0xa5));
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(others.every((bytes) => bytes.equals(others[0] as Buffer) && bytes[0] === 0xa5)).toBe(true);
    await posted.catch(() => {});
  }
  await until("all seats are free", async () => (await source.stats()).connections.length === 0);
  await until("our descriptors are closed", () => countFds() <= fds);
  const stream = await opened(address, { mode: "fifo" });
  const consumer = await stream.connectConsumer();
  await until("it is seated", async () => (await source.stats()).connections[0]?.state === "empty");
  await source.post(1);
  await readChecked(consumer, 1);
}, 60_000);

test.each(["at once", "while it drains"])(
  "a listener that closes under a remote producer, %s, is sound",
  async (when) => {
    const large = { format: "RGBA", width: 1920, height: 1080 } as const;
    for (let count = 0; count < 8; count++) {
      const stream = await created({ name: "net", frame: large, mode: "fifo", listen: ["tcp://127.0.0.1:0"] });
      const consumer = await stream.connectConsumer({ fifoLength: 2 });
      const remote = await opened(addressOf(stream));
      const producer = await remote.connectProducer({ frame: large });
      await until("it is met", () => consumer.state === "empty");
      for (let value = 1; value <= 2; value++) await postFilled(producer, value);
      if (when === "at once") {
        await new Promise((resolve) => setTimeout(resolve, count));
      } else {
        await until("both are there", () => consumer.stats().waiting === 2n);
        await producer.closeInput();
        await until("it is told", () => consumer.state !== "empty");
      }
      await stream.close();
      const others = Array.from({ length: 8 }, () => Buffer.alloc(8_294_400, 0xa5));
      await until("the producer is alone", () => producer.closed || producer.stats().connections.length === 0);
      expect(others.every((bytes) => bytes.equals(others[0] as Buffer) && bytes[0] === 0xa5)).toBe(true);
      await remote.close();
    }
  },
);

describe("a process ends by itself", () => {
  const program = (body: string) => `
    import { createStream, openStream } from "edgestream";
    const frame = { format: "GRAY8", width: 64, height: 16 };
    ${body}
    console.log(JSON.stringify({ kind: "over" }));`;
  const start = (body: string) => run("script.mjs", { text: program(body) }, { watchdogMs: 15_000 });

  test.each(["tcp", "ws"])("after close, as listener and as dialler over %s", async (carrier) => {
    const child = start(`
      const stream = await createStream({ name: "x", frame, listen: ["${carrier}://127.0.0.1:0"] });
      const producer = await stream.connectProducer();
      const remote = await openStream(stream.addresses[0], { mode: "fifo" });
      const consumer = await remote.connectConsumer();
      producer.post(await producer.acquire());
      await consumer.acquire();
      await remote.close();
      await stream.close();`);
    await child.line("over");
    await child.ended();
  });

  test("also when strangers have connected and say nothing", async () => {
    const child = start(`
      const { connect } = await import("node:net");
      const listen = ["tcp://127.0.0.1:0", "ws://127.0.0.1:0"];
      const stream = await createStream({ name: "x", frame, listen });
      for (const address of stream.addresses) {
        const port = Number(new URL(address.replace(/^\\w+/, "http")).port);
        const socket = connect(port, "127.0.0.1").unref();
        await new Promise((resolve) => socket.once("connect", resolve));
      }
      await stream.close();`);
    await child.line("over");
    await child.ended();
  });
});
