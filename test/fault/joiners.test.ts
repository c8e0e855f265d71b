/** Consumers join a stream that flows, or are stopped or die in their hand-shake: those who were there miss nothing. */
import { setTimeout as sleep } from "node:timers/promises";
import { openStream } from "edgestream";
import { afterAll, afterEach, expect, test } from "vitest";
import { dismiss, listen, reportOf, startSink } from "../integration/crowd.ts";
import { type Child, endChildren, makeRuntimeDir, removeRuntimeDirs, run, until } from "../programs/child.ts";
import { Dice } from "../programs/dice.ts";
import type { ChildSource } from "../programs/remote-source.ts";

const fps = 250;
const joins = 100;
const rounds = 12;
const frame = { format: "GRAY8", width: 64, height: 64 } as const;
/** A FIFO with room for a quarter of a second in which this process gets no processor. */
const early = { consumer: { mode: "fifo", fifoLength: 64 } } as const;
const modes = ["mailbox", "fifo", "broadcast"] as const;

afterEach(endChildren);
afterAll(removeRuntimeDirs);

/** A source that posts at `fps` and early consumers that read it. */
async function flowing(name: string, runtimeDir: string, count: number) {
  const source = await listen({ name, runtimeDir, frame, accept: { maxConsumers: 32 } });
  const sinks = Array.from({ length: count }, () => startSink(name, runtimeDir, early));
  await until("the early ones are seated", async () => {
    return (await source.stats()).connections.filter(({ state }) => state === "empty").length === count;
  });
  const ran = source.run(1_000_000, fps);
  await Promise.all(sinks.map((sink) => sink.line("first")));
  return { source, sinks, ran };
}

/** Every early consumer got every frame, from the first to the last, whole. */
async function expectNothingMissed(source: ChildSource, sinks: Child[], ran: Promise<{ frames: number }>) {
  await source.halt();
  const { frames } = await ran;
  await source.closeInput({ timeoutMs: 10_000 });
  for (const sink of sinks) {
    const all = { frames, first: 1, last: frames, gaps: 0, skipped: 0, torn: 0, misnumbered: 0, end: "ended" };
    expect(await reportOf(sink)).toMatchObject(all);
  }
  expect((await source.events()).filter(({ name }) => name === "stalled" || name === "lagged")).toEqual([]);
  return frames;
}

test(`${joins} consumers come and go while ${fps} frames a second flow: the early ones get every frame`, async () => {
  const runtimeDir = makeRuntimeDir();
  const { source, sinks, ran } = await flowing("busy", runtimeDir, 2);
  for (let join = 0; join < joins; join++) {
    const stream = await openStream("busy", { runtimeDir });
    const consumer = await stream.connectConsumer({ mode: modes[join % modes.length] ?? "mailbox" });
    const first = await consumer.acquire();
    const second = await consumer.acquire();
    expect(second.number).toBeGreaterThan(first.number);
    await stream.close();
  }
  const frames = await expectNothingMissed(source, sinks, ran);
  const connected = (await source.events()).filter(({ name, from }) => name === "connected" && from === "producer");
  expect(connected.length).toBe(joins + sinks.length);
  console.log(`${joins} joins during ${frames} frames`);
  await dismiss(source);
}, 120_000);

test.each(["SIGKILL", "SIGSTOP"] as const)(
  "joiners that get a %s disturb nobody and leave nothing",
  async (signal) => {
    const dice = new Dice();
    console.log(`seed ${dice.seed}`);
    const runtimeDir = makeRuntimeDir();
    const { source, sinks, ran } = await flowing("busy", runtimeDir, 1);
    const alone = async () => (await source.stats()).connections.length === 1;
    // The pool grows for those who come, and stays so: two at once are more than any round has.
    const largest = [run("joiner.mjs", { name: "busy", runtimeDir }), run("joiner.mjs", { name: "busy", runtimeDir })];
    await Promise.all(largest.map((joiner) => joiner.line("joining")));
    await sleep(500);
    for (const joiner of largest) joiner.kill();
    await until("the first joiners are gone", alone);
    const before = await source.resources();
    const unfinished = new Set<string>();
    for (let round = 0; round < rounds; round++) {
      const joiner = run("joiner.mjs", { name: "busy", runtimeDir });
      await joiner.line("joining");
      await sleep(10 + dice.roll(60));
      joiner.kill(signal);
      if (signal === "SIGSTOP") {
        await sleep(20);
        const { connections, frames } = await source.stats();
        const stopped = connections.filter(({ pid }) => pid === joiner.pid);
        for (const { state } of stopped) unfinished.add(state);
        await until("frames go on", async () => (await source.stats()).frames >= frames + 20n);
        joiner.kill();
      }
      await joiner.exit;
    }
    await until("the joiners' seats are gone", alone);
    await until("their descriptors and pages are gone", async () => {
      const { fds, seatPages } = await source.resources();
      return fds <= before.fds && seatPages <= before.seatPages;
    });
    const frames = await expectNothingMissed(source, sinks, ran);
    console.log(`${rounds} joiners got a ${signal} during ${frames} frames; stopped in: ${[...unfinished].join(", ")}`);
    await dismiss(source);
  },
  120_000,
);
