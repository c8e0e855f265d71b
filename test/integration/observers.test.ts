/** Observers come, go and die; the stream, its consumers and its process notice nothing. */
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, expect, test, vi } from "vitest";
import type { NativeObserver } from "../../native/binding.ts";
import { bindingHost } from "../../sdk/binding-host.ts";
import { StreamObserver } from "../../sdk/cli/stream-observer.ts";
import { surveyStreams } from "../../sdk/cli/stream-survey.ts";
import { StreamWatch } from "../../sdk/cli/top/stream-watch.ts";
import { Child, countFds, endChildren, makeRuntimeDir, removeRuntimeDirs, until } from "../programs/child.ts";
import { Dice } from "../programs/dice.ts";
import { complete, dismiss, listen, reportOf, startSink } from "./crowd.ts";

const cli = fileURLToPath(new URL("../../dist/sdk/cli/main.js", import.meta.url));
const frame = { format: "NV12", width: 320, height: 240 } as const;
const kills = 100;
const atOnce = 4;

afterEach(endChildren);
afterAll(removeRuntimeDirs);

function startTop(runtimeDir: string): Child {
  return new Child(process.execPath, [cli, "top", "--json", "--interval", "0.1", "--runtime-dir", runtimeDir], {});
}

/** Starts an observer and kills it: some at any moment after their start, most while they look. */
async function oneDeath(dice: Dice, runtimeDir: string): Promise<"early" | "attached"> {
  const victim = startTop(runtimeDir);
  const early = dice.roll(5) === 0;
  if (early) {
    await sleep(dice.roll(400));
  } else {
    await once(victim.process.stdout as NodeJS.ReadableStream, "data");
    await sleep(dice.roll(25));
  }
  victim.kill();
  await victim.exit;
  return early ? "early" : "attached";
}

test("100 observers die at 120 fps: four fifo consumers get every frame, nothing is left of the dead", async () => {
  const dice = new Dice();
  const runtimeDir = makeRuntimeDir();
  const spawn = { watchdogMs: 280_000 };
  const source = await listen({ name: "watched", runtimeDir, frame }, spawn);
  const order = { consumer: { mode: "fifo", fifoLength: 32, client: "witness" } } as const;
  const witnesses = [1, 2, 3, 4].map(() => startSink("watched", runtimeDir, order, spawn));
  await until("the witnesses are seated", async () => {
    const { connections } = await source.stats();
    return connections.filter(({ state }) => state === "empty").length === witnesses.length;
  });
  const running = source.run(1_000_000, 120);
  running.catch(() => {});
  await until("frames are flowing", async () => (await source.stats()).frames > 10n);
  const fds = () => countFds(source.child.pid);
  const before = { fds: fds(), ...(await source.stats()).pool };
  let peak = before.fds;
  const watching = setInterval(() => {
    peak = Math.max(peak, fds());
  }, 5);
  console.log(`seed ${dice.seed}`);
  const died = { early: 0, attached: 0 };
  let left = kills;
  const reap = async () => {
    while (left-- > 0) died[await oneDeath(dice, runtimeDir)]++;
  };
  await Promise.all(Array.from({ length: atOnce }, reap));
  clearInterval(watching);
  await until("the producer has let go of all of them", () => fds() === before.fds);
  const { connections, pool } = await source.stats();
  await source.halt();
  const { frames, fps } = await running;
  await source.closeInput();
  const reports = await Promise.all(witnesses.map(reportOf));
  console.log(
    `${kills} observers killed (${died.attached} while they looked, ${died.early} at any moment after their start)`,
    `while ${frames} frames ran at ${fps.toFixed(1)} fps; consumers counted`,
    `${reports.map((each) => `${each.frames} (${each.gaps} gaps)`).join(", ")};`,
    `descriptors of the producer ${before.fds} -> ${peak} at most -> ${before.fds}`,
  );
  for (const report of reports) expect(report).toEqual(complete(frames));
  expect(died.attached).toBeGreaterThan(kills / 2);
  expect(peak).toBeGreaterThan(before.fds);
  expect(connections).toHaveLength(witnesses.length);
  expect(pool).toMatchObject({ slots: before.slots, memoryObjects: before.memoryObjects, bytes: before.bytes });
  await dismiss(source);
}, 300_000);

test("a stopped producer has one question to answer when it goes on; observers wait as long as they want", async () => {
  const runtimeDir = makeRuntimeDir();
  const source = await listen({ name: "stopped", runtimeDir, frame });
  const opening = vi.spyOn(bindingHost().binding, "openObserver");
  using observer = new StreamObserver({ name: "stopped", directory: runtimeDir, socket: "" });
  const questions = vi.spyOn(opening.mock.results[0]?.value as NativeObserver, "query");
  opening.mockRestore();
  const first = await observer.ask();
  expect(observer.waitedMs).toBe(0);
  source.child.kill("SIGSTOP");
  for (let time = 0; time < 5; time += 1) {
    await expect(observer.ask(20)).rejects.toMatchObject({ code: "ERR_TIMEOUT" });
  }
  expect(observer.waitedMs).toBeGreaterThan(0);
  expect(questions).toHaveBeenCalledTimes(2);
  source.child.kill("SIGCONT");
  await source.post(3);
  const next = await observer.ask();
  expect(next.at).toBeGreaterThan(first.at);
  await until("the posted frames are told", async () => (await observer.ask()).info.frames === 3n);
  expect(observer.waitedMs).toBe(0);
  await dismiss(source);
  await expect(observer.ask()).rejects.toMatchObject({ code: "ERR_CLOSED" });
});

test("the latency of a connection is asked for on the same line, and a connection that ended tells none", async () => {
  const runtimeDir = makeRuntimeDir();
  const source = await listen({ name: "timed", runtimeDir, frame });
  const sink = startSink("timed", runtimeDir, { consumer: { mode: "fifo" }, count: 5 });
  using observer = new StreamObserver({ name: "timed", directory: runtimeDir, socket: "" });
  await until("the consumer is seated", async () => (await source.stats()).connections[0]?.state === "empty");
  const id = (await observer.ask()).connections[0]?.id ?? 0n;
  await source.post(4);
  await until("four frames were taken", async () => (await observer.ask()).connections[0]?.delivered === 4n);
  const { deliver } = (await observer.askLatency(id)).ledger(bindingHost().binding);
  expect(deliver.frames).toBe(4);
  expect(deliver.maxUs).toBeGreaterThan(0);
  await source.post(1);
  await sink.ended();
  await until("it is gone", async () => (await observer.ask()).connections.length === 0);
  expect((await observer.askLatency(id)).ledger(bindingHost().binding).deliver.frames).toBe(0);
  await dismiss(source);
});

test("the 129th observer is refused, list says so, and the stream serves the others", async () => {
  const runtimeDir = makeRuntimeDir();
  const source = await listen({ name: "full", runtimeDir, frame });
  const place = { name: "full", directory: runtimeDir, socket: "" };
  const observers = Array.from({ length: 128 }, () => new StreamObserver(place));
  await Promise.all(observers.map((each) => each.ask(10_000)));
  expect((await surveyStreams(runtimeDir, 0)).map(({ status }) => status)).toEqual(["refused"]);
  observers[0]?.close();
  await until("there is room again", async () => (await surveyStreams(runtimeDir, 0))[0]?.status === "alive");
  await Promise.all(observers.slice(1).map((each) => each.ask(10_000)));
  for (const each of observers) each.close();
  await dismiss(source);
});

test("a watch keeps one connection to each stream, however often it looks, and leaves none when it ends", async () => {
  const runtimeDir = makeRuntimeDir();
  const source = await listen({ name: "one", runtimeDir, frame });
  const before = countFds(source.child.pid);
  const watch = new StreamWatch(runtimeDir);
  for (let look = 0; look < 50; look += 1) {
    expect(await watch.look(10_000)).toMatchObject([{ name: "one", status: "alive" }]);
    expect(countFds(source.child.pid)).toBe(before + 1);
  }
  // Another life of the stream is another connection, found by the look after.
  await dismiss(source);
  expect(await watch.look(10_000)).toEqual([]);
  const next = await listen({ name: "one", runtimeDir, frame });
  expect(await watch.look(10_000)).toMatchObject([{ name: "one", status: "alive" }]);
  const during = countFds(next.child.pid);
  watch[Symbol.dispose]();
  await until("the observer is gone", () => countFds(next.child.pid) === during - 1);
  await dismiss(next);
});
