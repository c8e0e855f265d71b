/** What EGL says of single calls: what each does in each state, and what is true when it has returned. */
import { type Consumer, createStream, type Stream } from "edgestream";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { endChildren, removeRuntimeDirs, until } from "../programs/child.ts";
import { Pattern } from "../programs/pattern.mjs";
import { closeBenches, frame, modes, openBench, places } from "./places.ts";

const pattern = new Pattern(64 * 16);

afterEach(async () => {
  await closeBenches();
  await endChildren();
});
afterAll(removeRuntimeDirs);

describe.each(places)("$name", (place) => {
  describe.each(modes)("%s", (mode) => {
    test("disconnected is terminal: verbs fail, queries and close go on", async () => {
      const bench = await openBench(place);
      const consumer = await bench.consume({ mode });
      await bench.source.post();
      await consumer.acquire();
      await bench.source.closeInput();
      await until("the end is seen", () => consumer.state === "disconnected");
      await expect(consumer.acquire()).rejects.toMatchObject({ code: "ERR_BAD_STATE" });
      await expect(consumer.acquire({ timeoutMs: 0 })).rejects.toMatchObject({ code: "ERR_BAD_STATE" });
      expect(consumer.tryAcquire()).toEqual({ status: "closed" });
      expect(await consumer.next()).toEqual({ status: "closed" });
      expect(consumer.cause).toBe("ended");
      expect(consumer.stats()).toMatchObject({ posted: 1n, delivered: 1n, cause: "ended" });
      expect(consumer.layout).toMatchObject({ width: 64, height: 16 });
      await consumer.close();
      await consumer.close();
      expect(consumer.state).toBe("disconnected");
      expect(consumer.stats()).toMatchObject({ posted: 1n, delivered: 1n });
      await expect(consumer.acquire()).rejects.toMatchObject({ code: "ERR_BAD_STREAM" });
    });

    test("a frame that is held when its producer goes stays as it is until it is released", async () => {
      const bench = await openBench(place);
      const consumer = await bench.consume({ mode });
      await bench.source.post();
      const held = await consumer.acquire();
      const { data } = held;
      await bench.source.closeProducer();
      await until("the end is seen", () => consumer.state === "disconnected");
      expect(held.released).toBe(false);
      expect(pattern.matches(data, 1n)).toBe(true);
      held.release();
      expect(data.length).toBe(0);
    });

    test("a frame can be acquired as soon as its post has returned", async () => {
      const bench = await openBench(place);
      const consumer = await bench.consume({ mode });
      for (let number = 1n; number <= 20n; number++) {
        expect(await bench.source.post()).toEqual([number]);
        expect(consumer.state).toBe("new-frame-available");
        expect(consumer.tryAcquire({ newOnly: true })).toMatchObject({ status: "ok", frame: { number } });
      }
    });
  });

  test("a fifo and a mailbox share one producer, each by its own rules", async () => {
    const bench = await openBench(place);
    const recorder = await bench.consume({ mode: "fifo", fifoLength: 5 });
    const detector = await bench.consume({ mode: "mailbox" });
    await bench.source.post(5);
    const recorded: bigint[] = [];
    for (let left = 5; left > 0; left--) recorded.push((await recorder.acquire()).number);
    expect(recorded).toEqual([1n, 2n, 3n, 4n, 5n]);
    expect(await detector.acquire()).toMatchObject({ number: 5n, skipped: 4n });
  });
});

test("one task that fills a FIFO beyond its length and then reads it does not dead-lock", async () => {
  const stream = await createStream({ mode: "fifo", fifoLength: 3, frame });
  const consumer = await stream.connectConsumer();
  const producer = await stream.connectProducer();
  const pushes = [1, 2, 3, 4, 5].map((number) => producer.push(pattern.picture(number)));
  const seen: bigint[] = [];
  while (seen.length < 5) seen.push((await consumer.acquire()).number);
  expect(await Promise.all(pushes)).toEqual([1n, 2n, 3n, 4n, 5n]);
  expect(seen).toEqual([1n, 2n, 3n, 4n, 5n]);
  await stream.close();
});

describe("a strict stream", () => {
  type State = "created" | "connecting" | "empty" | "new-frame-available" | "old-frame-available" | "disconnected";
  const states: readonly State[] = [
    "created",
    "connecting",
    "empty",
    "new-frame-available",
    "old-frame-available",
    "disconnected",
  ];

  /** A stream in that state, with the ends that it has there. */
  async function streamIn(state: State) {
    const stream = await createStream({ strict: true, mode: "fifo", fifoLength: 2, frame });
    const reached = states.indexOf(state);
    const consumer = reached >= 1 ? await stream.connectConsumer() : undefined;
    const producer = reached >= 2 ? await stream.connectProducer() : undefined;
    if (state === "new-frame-available" || state === "old-frame-available") await producer?.push(pattern.picture(1));
    if (state === "old-frame-available") await consumer?.acquire();
    if (state === "disconnected") await producer?.close();
    await until(state, () => (consumer ?? stream).state === state);
    return { stream, consumer, producer };
  }
  type Ends = Awaited<ReturnType<typeof streamIn>>;

  const ok = "ok";
  const badState = "ERR_BAD_STATE";
  const badStream = "ERR_BAD_STREAM";
  /** There is no such end in that state. */
  const none = "-";

  /** What a call does in each state, in the order of `states`: EGL's table of legal calls. */
  const calls: readonly [string, (ends: Ends) => Promise<unknown> | undefined, readonly string[]][] = [
    ["connect a consumer", ({ stream }) => stream.connectConsumer(), [ok, ...Array(5).fill(badState)]],
    ["connect a producer", ({ stream }) => stream.connectProducer(), [badState, ok, ...Array(4).fill(badState)]],
    ["insert", ({ producer }) => producer?.push(pattern.picture(2)), [none, none, ok, ok, ok, badStream]],
    ["acquire", ({ consumer }) => consumer?.acquire({ timeoutMs: 20 }), [none, badState, badState, ok, ok, badState]],
    [
      "release twice",
      ({ consumer }) => consumer && releaseTwice(consumer),
      [none, badState, badState, ok, ok, badState],
    ],
    ["query", async ({ stream, consumer }) => [stream.state, consumer?.stats()], Array(6).fill(ok)],
    ["destroy", ({ stream }) => stream.close(), Array(6).fill(ok)],
  ];

  async function releaseTwice(consumer: Consumer): Promise<void> {
    const held = await consumer.acquire({ timeoutMs: 0 });
    held.release();
    held.release();
  }

  async function outcomeOf(call: (ends: Ends) => Promise<unknown> | undefined, ends: Ends): Promise<string> {
    const pending = call(ends);
    if (pending === undefined) return none;
    return await pending.then(
      () => ok,
      (error: { code?: string }) => error.code ?? String(error),
    );
  }

  const open: Stream[] = [];
  afterEach(async () => {
    for (const stream of open.splice(0)) await stream.close();
  });

  test("strict: every verb in every state has EGL's outcome", async () => {
    for (const [name, call, expected] of calls) {
      for (const [index, state] of states.entries()) {
        const ends = await streamIn(state);
        open.push(ends.stream);
        expect(`${name} in ${state}: ${await outcomeOf(call, ends)}`).toBe(`${name} in ${state}: ${expected[index]}`);
      }
    }
  });
});
