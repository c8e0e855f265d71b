/** What a stream tells its observer, its listeners and the diagnostics channels is the same, at either end. */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { createStream, openStream, type StreamEvents, type StreamObserver } from "edgestream";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { streamEventNames } from "../../sdk/base/event-names.ts";
import { endChildren, makeRuntimeDir, removeRuntimeDirs, until } from "../programs/child.ts";
import { frame } from "./places.ts";

afterEach(endChildren);
afterAll(removeRuntimeDirs);

type Told = [name: keyof StreamEvents, event: object];

/** A channel's message says which stream it is about; so does one of the events. */
function withoutStream([name, event]: Told): Told {
  const { stream: _, ...rest } = event as { stream?: string };
  return [name, rest];
}

/** An observer that notes everything in each of the lists. */
function notes(...lists: Told[][]): StreamObserver {
  const note = (told: Told) => {
    for (const list of lists) list.push(told);
  };
  const methods = streamEventNames.map((name) => [name, (event: object) => note([name, event])] as const);
  return Object.fromEntries(methods);
}

describe.each(["in process", "ipc"])("consumers %s", (where) => {
  test("all events but lagged and heldTooLong reach all three", async () => {
    const observed: Told[] = [];
    const everywhere: Told[] = []; // the channels are the process's: with ipc, of two streams
    const heard: Told[] = [];
    const published: Told[] = [];
    const runtimeDir = makeRuntimeDir();
    const subscriptions = streamEventNames.map((name) => {
      const onMessage = (message: unknown) => {
        const { stream, ...event } = message as { stream: string };
        if (stream === "watched") published.push([name, event]);
      };
      subscribe(`edgestream.stream.${name}`, onMessage);
      return () => unsubscribe(`edgestream.stream.${name}`, onMessage);
    });
    const accept = { maxConsumers: 1 };
    const stream = await createStream({
      name: "watched",
      runtimeDir,
      frame,
      accept,
      observer: notes(observed, everywhere),
    });
    for (const name of streamEventNames) stream.on(name, (event: object) => heard.push([name, event]));
    const producer = await stream.connectProducer();
    producer.updateInfo({ title: "watched" });
    await producer.push(Buffer.alloc(producer.layout.size)); // nobody is there: dropped
    const there = where === "ipc" ? await openStream("watched", { runtimeDir, observer: notes(everywhere) }) : stream;
    const consumer = await there.connectConsumer({ mode: "fifo", fifoLength: 1, maxWaitMs: 10, onStall: "overwrite" });
    await until("both have met", () => consumer.state === "empty");
    await expect(there.connectConsumer()).rejects.toMatchObject({ code: "ERR_REFUSED" });
    for (let count = 0; count < 2; count++) await producer.push(Buffer.alloc(producer.layout.size));
    (await consumer.acquire()).release();
    await until("the recovery is told", () => observed.some(([name]) => name === "recovered"));
    await producer.reconfigure({ format: "GRAY8", width: 8, height: 8 });
    producer.evict(consumer.connection, "enough");
    await until("the end is told", () => observed.some(([name]) => name === "disconnected"));
    await until("the consumer knows", () => consumer.state === "disconnected");
    const names = observed.map(([name]) => name);
    for (const name of streamEventNames) {
      if (name !== "lagged" && name !== "heldTooLong") expect(names).toContain(name);
    }
    expect(names.indexOf("evicted")).toBeLessThan(names.indexOf("disconnected"));
    expect(observed.find(([name]) => name === "evicted")?.[1]).toMatchObject({
      cause: "evicted-request",
      reason: "enough",
      stats: { posted: 2n, delivered: 1n, skipped: 1n },
    });
    expect(heard.length).toBe(observed.length);
    for (const [index, [name, event]] of observed.entries()) {
      expect(heard[index]?.[0]).toBe(name);
      expect(heard[index]?.[1]).toBe(event);
    }
    expect(published).toEqual(everywhere.map(withoutStream));
    await there.close();
    await stream.close();
    for (const end of subscriptions) end();
  });
});

test("an observer given to openStream hears of the consumers that are there", async () => {
  const runtimeDir = makeRuntimeDir();
  const stream = await createStream({ name: "far", runtimeDir, frame });
  const producer = await stream.connectProducer();
  const told: Told[] = [];
  const there = await openStream("far", { runtimeDir, observer: notes(told) });
  const consumer = await there.connectConsumer();
  await producer.push(Buffer.alloc(producer.layout.size));
  (await consumer.acquire()).release();
  await there.close();
  const states = told.map(([, event]) => (event as { newState: string }).newState);
  expect(states).toEqual(["new-frame-available", "old-frame-available", "disconnected"]);
  await stream.close();
});

test("an observer that throws costs no frame and no connection", async () => {
  const broken = () => {
    throw new Error("broken");
  };
  const observer = Object.fromEntries(streamEventNames.map((name) => [name, broken])) as StreamObserver;
  const stream = await createStream({ frame, observer });
  const producer = await stream.connectProducer();
  const consumer = await stream.connectConsumer({ mode: "fifo", fifoLength: 8 });
  for (let count = 0; count < 5; count++) await producer.push(Buffer.alloc(producer.layout.size));
  void producer.closeInput();
  let frames = 0;
  for await (const _ of consumer) frames++;
  expect(frames).toBe(5);
  await stream.close();
});
