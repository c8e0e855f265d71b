/** The state machine of one connection, in every mode and at every distance. */
import type { Consumer, StateChange } from "edgestream";
import { openStream } from "edgestream";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { endChildren, makeRuntimeDir, removeRuntimeDirs, until } from "../programs/child.ts";
import { childSource, localSource } from "../programs/remote-source.ts";
import { closeBenches, everyPlace, frame, modes, openBench } from "./places.ts";

const legal = new Set([
  "initializing > created",
  "created > connecting",
  "connecting > empty",
  "empty > new-frame-available",
  "new-frame-available > old-frame-available",
  "old-frame-available > new-frame-available",
]);

/** Every change from here on, as text, and the check that each was allowed and follows the one before. */
function watch(consumer: Consumer): { states: string[]; expectLegal(): void } {
  const changes: StateChange[] = [];
  const states: string[] = [consumer.state];
  consumer.on("statechange", (change) => {
    changes.push(change);
    states.push(change.newState);
  });
  const expectLegal = () => {
    let before = states[0];
    for (const { oldState, newState } of changes) {
      expect(oldState).toBe(before);
      if (newState !== "disconnected") expect(legal).toContain(`${oldState} > ${newState}`);
      before = newState;
    }
  };
  return { states, expectLegal };
}

afterEach(async () => {
  await closeBenches();
  await endChildren();
});
afterAll(removeRuntimeDirs);

describe.each(everyPlace)("$name", (place) => {
  describe.each(modes)("%s", (mode) => {
    test("a connection goes empty, new, old, new, old, disconnected, by legal steps only", async () => {
      const bench = await openBench(place);
      const consumer = await bench.consume({ mode });
      await until("both ends have met", () => consumer.state === "empty");
      const { states, expectLegal } = watch(consumer);
      for (let round = 0; round < 2; round++) {
        await bench.source.post();
        await until("the frame is seen", () => consumer.state === "new-frame-available");
        await consumer.acquire();
        await until("the last waiting frame was acquired", () => consumer.state === "old-frame-available");
      }
      await bench.source.closeInput();
      await until("the end is seen", () => consumer.state === "disconnected");
      expectLegal();
      expect(states).toEqual([
        "empty",
        "new-frame-available",
        "old-frame-available",
        "new-frame-available",
        "old-frame-available",
        "disconnected",
      ]);
      expect(consumer.stats().cause).toBe("ended");
    });

    test("without reuse an acquire of the last waiting frame leads back to empty", async () => {
      const bench = await openBench(place);
      const consumer = await bench.consume({ mode, reuse: false });
      await bench.source.post();
      const frame = await consumer.acquire();
      expect(frame.number).toBe(1n);
      expect(consumer.state).toBe("empty");
      await expect(consumer.acquire({ timeoutMs: 20 })).rejects.toMatchObject({ code: "ERR_BAD_STATE" });
    });

    test("a busy stream shows legal steps only, and the producer's summary follows", async () => {
      const bench = await openBench(place);
      const consumer = await bench.consume({ mode });
      const { expectLegal } = watch(consumer);
      const reading = (async () => {
        for await (const _frame of consumer);
      })();
      await bench.source.post(200, { timeoutMs: 20_000 });
      await bench.source.closeInput();
      await reading;
      await until("the end is seen", () => consumer.state === "disconnected");
      expectLegal();
      expect(await bench.source.state()).toBe("disconnected");
    });
  });
});

describe("a consumer before its producer", () => {
  test("in process: created, connecting, empty", async () => {
    const source = localSource();
    expect(await source.create({ frame })).toBe("created");
    const consumer = await source.source.stream.connectConsumer();
    const { states, expectLegal } = watch(consumer);
    await until("it waits for a producer", () => consumer.state === "connecting");
    expect(await source.state()).toBe("connecting");
    await source.connect();
    await until("it met its producer", () => consumer.state === "empty");
    await until("the producer's summary says so", async () => (await source.state()) === "empty");
    expectLegal();
    expect(states.slice(-2)).toEqual(["connecting", "empty"]);
    await source.close();
  });

  test("ipc: initializing, created, connecting, empty", async () => {
    const runtimeDir = makeRuntimeDir();
    const source = await childSource();
    await source.create({ name: "early", runtimeDir, frame });
    const stream = await openStream("early", { runtimeDir });
    const consumer = await stream.connectConsumer();
    const { states, expectLegal } = watch(consumer);
    await until("it waits for a producer", () => consumer.state === "connecting");
    await expect(consumer.acquire({ timeoutMs: 10 })).rejects.toMatchObject({ code: "ERR_BAD_STATE" });
    await source.connect();
    await until("it met its producer", () => consumer.state === "empty");
    expectLegal();
    expect(states.slice(-2)).toEqual(["connecting", "empty"]);
    await stream.close();
  });
});
