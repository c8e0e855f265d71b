/** Consumers as their producer knows them: by index, and as the follower of one that was there before. */
import { createStream, openStream } from "edgestream";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { endChildren, makeRuntimeDir, removeRuntimeDirs, until } from "../programs/child.ts";
import { type Bench, closeBenches, frame, openBench, places } from "./places.ts";

afterEach(async () => {
  await closeBenches();
  await endChildren();
});
afterAll(removeRuntimeDirs);

async function untilConnections(bench: Bench, count: number) {
  await until(`${count} are left`, async () => (await bench.source.stats()).connections.length === count);
}

async function previousOf(bench: Bench, connection: bigint) {
  const { connections } = await bench.source.stats();
  return connections.find(({ id }) => id === connection)?.previous;
}

describe.each(places)("$name", (place) => {
  test("each consumer has an index until it goes; an absent one is undefined; the next takes it", async () => {
    const bench = await openBench(place);
    expect(await bench.source.consumers()).toEqual([]);
    const first = await bench.consume({ client: "first" });
    const second = await bench.consume({ client: "second", mode: "fifo" });
    const third = await bench.consume({ client: "third" });
    const indexes = async () => (await bench.source.consumers()).map((consumer) => consumer?.client);
    expect(await indexes()).toEqual(["first", "second", "third"]);
    expect((await bench.source.consumers())[1]).toMatchObject({
      ...{ index: 1, connection: second.connection, mode: "fifo", state: "empty" },
    });
    await first.close();
    await untilConnections(bench, 2);
    expect(await indexes()).toEqual([undefined, "second", "third"]);
    await third.close();
    await untilConnections(bench, 1);
    expect(await indexes()).toEqual([undefined, "second"]);
    await bench.consume({ client: "fourth" });
    await bench.consume({ client: "fifth" });
    expect(await indexes()).toEqual(["fourth", "second", "fifth"]);
  });

  test("a consumer that comes back under its name follows its ended connection", async () => {
    const bench = await openBench(place);
    const first = await bench.consume({ client: "recorder" });
    const firstConnection = first.connection;
    expect(await previousOf(bench, firstConnection)).toBeUndefined();
    await bench.source.post(2);
    await first.acquire();
    await first.close();
    await untilConnections(bench, 0);
    const second = await bench.consume({ client: "recorder" });
    expect(await previousOf(bench, second.connection)).toBe(firstConnection);
    const events = await bench.source.events();
    const connected = events.filter(({ name, from }) => name === "connected" && from === "producer");
    expect(connected.map(({ previous }) => previous)).toEqual([undefined, firstConnection]);
    const ended = events.find(({ name, from }) => name === "disconnected" && from === "producer");
    expect(ended?.stats).toMatchObject({ id: firstConnection, delivered: 1n });
    const secondConnection = second.connection;
    await second.close();
    await untilConnections(bench, 0);
    const third = await bench.consume({ client: "recorder" });
    expect(await previousOf(bench, third.connection)).toBe(secondConnection);
  });

  test("another name follows nobody; nor does a name that another living consumer has", async () => {
    const bench = await openBench(place);
    const first = await bench.consume({ client: "viewer" });
    await bench.consume({ client: "viewer" });
    await first.close();
    await untilConnections(bench, 1);
    const other = await bench.consume({ client: "recorder" });
    const third = await bench.consume({ client: "viewer" });
    expect(await previousOf(bench, other.connection)).toBeUndefined();
    expect(await previousOf(bench, third.connection)).toBeUndefined();
  });
});

test("onDrop hears of every frame that somebody does not get, and when, for each producer of the stream", async () => {
  const runtimeDir = makeRuntimeDir();
  const drops: unknown[] = [];
  await using stream = await createStream({
    ...{ name: "drops", runtimeDir, frame },
    onDrop: (drop) => drops.push(drop),
  });
  const before = process.hrtime.bigint();
  const producer = await stream.connectProducer();
  const bytes = new Uint8Array(64 * 16);
  await producer.push(bytes);
  await using viewer = await openStream("drops", { runtimeDir });
  const slow = await viewer.connectConsumer({ mode: "fifo", fifoLength: 1, whenFull: "drop" });
  await until("it is seated", () => producer.stats().connections[0]?.state === "empty");
  await producer.push(bytes);
  await producer.push(bytes);
  producer.pause();
  await producer.push(bytes);
  await until("all are told", () => drops.length === 3);
  const told = { stream: "drops", at: expect.any(BigInt) };
  expect(drops).toEqual([
    { number: 1n, reason: "no-consumer", connection: undefined, ...told },
    { number: 3n, reason: "queue-full", connection: slow.connection, ...told },
    { number: 4n, reason: "paused", connection: undefined, ...told },
  ]);
  const times = (drops as { at: bigint }[]).map(({ at }) => at);
  expect(times).toEqual([...times].sort((a, b) => (a < b ? -1 : 1)));
  expect(times[0]).toBeGreaterThanOrEqual(before);
  expect(times[2]).toBeLessThanOrEqual(process.hrtime.bigint());
  await producer.close();
  const own: bigint[] = [];
  const other = await stream.connectProducer({ onDrop: ({ number }) => own.push(number) });
  await other.push(bytes);
  await until("its own is told", () => own.length === 1);
  expect(drops).toHaveLength(3);
});

test("an onDrop that is no function is ERR_BAD_PARAMETER", async () => {
  await expect(createStream({ frame, onDrop: "log" as never })).rejects.toMatchObject({ code: "ERR_BAD_PARAMETER" });
});
