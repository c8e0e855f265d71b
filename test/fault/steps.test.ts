/**
 * A process dies or stands still at each named step of the core (native/core/step.hpp), and the others go on. The names
 * come from the build itself: a step that nobody reaches fails its tests, and one of another kind fails the first test.
 */
import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { SteadyProducer } from "../native/steady.ts";
import { buildTimeoutMs, make, program, run } from "../native/trees.ts";
import {
  type Child,
  endChildren,
  makeRuntimeDir,
  removeRuntimeDirs,
  runNative,
  until,
  within,
} from "../programs/child.ts";

const buildAndList = async (): Promise<string[]> => {
  await make("plain", "victim", "steady_producer");
  return (await run(program("plain", "victim"), ["steps"])).output.trim().split("\n");
};
const steps = await within("the programs are built", buildAndList(), buildTimeoutMs);
const ofConsumer = steps.filter((step) => step.startsWith("consumer."));
const ofProducer = steps.filter((step) => /^(producer|stream)\./.test(step));

/** A short run has the mode in which nobody may be held up; a long one the other, too. */
const firstModes = process.env["EDGESTREAM_LONG"] === "1" ? ["mailbox", "fifo"] : ["mailbox"];

/** Others get so far while a victim stands still. */
const meanwhileFrames = 20;

interface Plan {
  step: string;
  act: "kill" | "stop";
}

function victim(role: readonly string[], env: Record<string, string>, { step, act }: Plan): Child {
  const options = { env: { ...env, ES_TEST_STEP: step, ES_TEST_STEP_ACT: act } };
  return runNative(program("plain", "victim"), role, options);
}

/** Once it stands still at a step. One that never gets there ends instead. */
async function stopped(child: Child): Promise<void> {
  await until("the victim stands still", () => {
    if (!child.running) throw new Error("the victim went through its life without coming to the step");
    return /^State:\tT/m.test(readFileSync(`/proc/${child.pid}/status`, "utf8"));
  });
}

const killed = { code: null, signal: "SIGKILL" } as const;

afterEach(endChildren);
afterAll(removeRuntimeDirs);

test("every step has a name of its own, and belongs to a consumer, a producer or a stream", () => {
  expect(steps.length).toBeGreaterThan(40);
  expect(new Set(steps).size).toBe(steps.length);
  expect([...ofConsumer, ...ofProducer].sort()).toEqual([...steps].sort());
});

test("docs/faults.md names every step, and no other", () => {
  const text = readFileSync(new URL("../../docs/faults.md", import.meta.url), "utf8");
  const rows = text.split("\n").filter((line) => line.startsWith("|"));
  const named = rows
    .flatMap((row) => [...row.matchAll(/`((?:consumer|producer|stream)\.[\w.-]+)`/g)])
    .map(([, name]) => name);
  expect(named.sort()).toEqual([...steps].sort());
});

describe("a consumer", () => {
  /** Steps that are only taken when the producer does something while the consumer stands at another one. */
  const before: Record<string, string> = {
    "consumer.exchange.kept": "consumer.exchange.yielding", // what it is about to take is taken back
    "consumer.sleep.disarmed": "consumer.sleep.armed", // a frame comes
  };
  /** While it stands at another step first, a fifo fills up and is turned out. */
  const stepsOf = (mode: string) => ofConsumer.filter((step) => mode === "mailbox" || before[step] === undefined);
  /** Steps that a waiting queue alone has: standing still there holds up the producer, for as long as was granted. */
  const ofWaiting = /^consumer\.signal\./;
  let steady: SteadyProducer;
  let descriptors: number;
  let seatPages: number;
  const env = () => ({ EDGESTREAM_RUNTIME_DIR: steady.folder });

  /** Its seat, its descriptors and its slots are the producer's again. */
  async function nothingIsLeft(): Promise<void> {
    await steady.calm();
    await until("its descriptors are closed", () => steady.descriptors() <= descriptors);
    await until("its page is unmapped", () => steady.seatPages() === seatPages);
  }

  /** Connections that the producer ended, each because it was held up, or for what it found in the page. */
  const turnedOut = async (): Promise<number> => (await steady.status()).evicted;

  /** The victim at its step, by way of the one before. */
  async function begin(mode: string, step: string, act: Plan["act"]): Promise<Child> {
    const first = before[step];
    const child = victim(["consume", mode], env(), { step: first === undefined ? step : `${first},${step}`, act });
    if (first !== undefined) {
      await stopped(child);
      await steady.moreFrames(meanwhileFrames);
      child.kill("SIGCONT");
    }
    return child;
  }

  beforeAll(async () => {
    steady = new SteadyProducer(500, "changing");
    await steady.line();
    const first = runNative(program("plain", "victim"), ["consume", "mailbox"], { env: env() });
    await first.ended(); // the pool grows for it
    await steady.calm();
    descriptors = steady.descriptors();
    seatPages = steady.seatPages();
    expect(seatPages).toBe(1);
  });
  afterAll(() => steady.kill());

  describe.each(firstModes.flatMap((mode) => stepsOf(mode).map((step) => [mode, step] as const)))(
    "(%s) at %s",
    (mode, step) => {
      const costs = mode === "mailbox" && !ofWaiting.test(step) ? 0 : 1;

      test("dies: its slots, descriptors and page come back", async () => {
        const before = await turnedOut();
        expect(await (await begin(mode, step, "kill")).exit).toEqual(killed);
        await nothingIsLeft();
        expect(await turnedOut()).toBe(before);
      });

      test("stands still: frames go on, and all comes back when it is killed", async () => {
        const before = await turnedOut();
        const child = await begin(mode, step, "stop");
        await stopped(child);
        await steady.moreFrames(meanwhileFrames);
        child.kill();
        await child.exit;
        await nothingIsLeft();
        expect((await turnedOut()) - before).toBeLessThanOrEqual(costs);
      });

      test("stands still and goes on: what it held is as it was", async () => {
        const before = await turnedOut();
        const child = await begin(mode, step, "stop");
        await stopped(child);
        await steady.moreFrames(meanwhileFrames);
        child.kill("SIGCONT");
        await child.line("lived");
        await child.ended();
        await nothingIsLeft();
        expect((await turnedOut()) - before).toBeLessThanOrEqual(costs);
      });
    },
  );

  test("… and with the protection off it does not find what it held", async () => {
    const unprotected = new SteadyProducer(500, "unprotected");
    try {
      await unprotected.line();
      const there = { EDGESTREAM_RUNTIME_DIR: unprotected.folder };
      const child = victim(["consume", "mailbox"], there, { step: "consumer.take.owned", act: "stop" });
      await stopped(child);
      await unprotected.moreFrames(meanwhileFrames);
      child.kill("SIGCONT");
      expect(await child.exit).toEqual({ code: 1, signal: null });
      expect(child.stderr).toMatch(/is torn at byte 0$/m);
    } finally {
      unprotected.kill();
    }
  });

  test("… and after all of them a witness has every frame, whole and in order", async () => {
    const { frames } = await steady.status();
    const { witness } = await steady.end();
    expect(witness).toMatchObject({ witness: "ended" });
    expect(witness.frames).toBeGreaterThanOrEqual(frames);
  });
});

describe("a producer", () => {
  /** The how manieth time, where the first would be before anybody is there, or before the first frame. */
  const times: Record<string, number> = {
    "producer.grow.made": 2,
    "producer.grow.told": 2,
    "producer.post.described": 5,
    // The fifth frame, for the first of three.
    ...Object.fromEntries(steps.filter((step) => step.startsWith("producer.push.")).map((step) => [step, 13])),
  };
  const aloneAt = /^stream\.(name|socket)\./;
  const nameIsFreeAt = "stream.close.unlocked";

  /** Why the three consumers of `victim watch` ended. */
  function causes(step: string) {
    const [lost, stopped, evicted] = ["producer-lost", "stopped", "evicted-request"];
    if (/^(producer|stream)\.close\./.test(step)) return { fifo: stopped, mailbox: stopped, leaver: evicted };
    if (step.startsWith("producer.stop.")) return { fifo: stopped, mailbox: lost, leaver: evicted };
    const goodbye = /^producer\.(goodbye|evict|finish|reset|reconfigure|retire)\./.test(step);
    if (goodbye) return { fifo: lost, mailbox: lost, leaver: evicted };
    const handShake = /^producer\.(page|welcome|layout|pool|attached|active|grow)\./.test(step);
    const later = handShake ? expect.stringMatching(/^(producer-lost|never-met)$/) : lost;
    return { fifo: lost, mailbox: later, leaver: later };
  }

  /** Frames that reached the queue of the first consumer before the step; undefined: as it came. */
  function framesBefore(step: string): number | undefined {
    if (step === "producer.push.head") return 5;
    return step in times && /^producer\.(push|post)\./.test(step) ? 4 : undefined;
  }

  const watch = (env: Record<string, string>) => runNative(program("plain", "victim"), ["watch"], { env });

  async function inherit(env: Record<string, string>) {
    return await runNative(program("plain", "victim"), ["inherit"], { env }).line("heir");
  }

  /** The victim at its step, and those who watch it when it gets there. */
  async function begin(step: string, env: Record<string, string>, act: Plan["act"]) {
    // A consumer that stands still in its exchange is what makes a producer end it.
    const withExchange = step === "producer.yield.ended";
    const role = ["produce", withExchange ? "4" : "3", withExchange ? "400" : "8"];
    const child = victim(role, env, { step: `${step}:${times[step] ?? 1}`, act });
    if (aloneAt.test(step)) return { child };
    await child.line("listening");
    const watchers = watch(env);
    if (withExchange) {
      await watchers.line("watching");
      victim(["consume", "mailbox"], env, { step: "consumer.exchange.taken", act: "stop" });
    }
    return { child, watchers };
  }

  /** They end, for the right reason, with what they had; and the name is there for the next one. */
  async function othersEnd(step: string, env: Record<string, string>, watchers: Child | undefined): Promise<void> {
    const seen = await watchers?.line("watched");
    await watchers?.ended();
    for (const [name, cause] of Object.entries(seen === undefined ? {} : causes(step))) {
      expect(seen, name).toMatchObject({ [name]: { cause } });
    }
    const frames = framesBefore(step);
    if (frames !== undefined) expect(seen).toMatchObject({ fifo: { frames } });
    expect(await inherit(env)).toMatchObject({ result: "ok", left: "" });
  }

  /** Nothing befell it: it lived through all, and they saw all. */
  async function livesOn(env: Record<string, string>, child: Child, watchers: Child): Promise<void> {
    const { frames } = await child.line("lived");
    await child.ended();
    const all = {
      fifo: { cause: "stopped", frames },
      mailbox: { cause: "stopped" },
      leaver: { cause: "evicted-request" },
    };
    expect(await watchers.line("watched")).toMatchObject(all);
    await watchers.ended();
    expect(await inherit(env)).toMatchObject({ result: "ok", left: "" });
  }

  describe.each(ofProducer)("at %s", (step) => {
    test("dies: its consumers drain, hear why and keep what they hold; its name is free, nothing is left", async () => {
      const env = { EDGESTREAM_RUNTIME_DIR: makeRuntimeDir() };
      const { child, watchers } = await begin(step, env, "kill");
      expect(await child.exit).toEqual(killed);
      await othersEnd(step, env, watchers);
    });

    test("stands still: its name stays its own until it is killed", async () => {
      const env = { EDGESTREAM_RUNTIME_DIR: makeRuntimeDir() };
      const { child, watchers } = await begin(step, env, "stop");
      await stopped(child);
      expect(await inherit(env)).toMatchObject({ result: step === nameIsFreeAt ? "ok" : "ERR_RESOURCE_BUSY" });
      child.kill();
      await child.exit;
      await othersEnd(step, env, watchers);
    });

    test("stands still and goes on: nobody missed anything", async () => {
      const env = { EDGESTREAM_RUNTIME_DIR: makeRuntimeDir() };
      const { child, watchers } = await begin(step, env, "stop");
      await stopped(child);
      if (step === nameIsFreeAt) expect(await inherit(env)).toMatchObject({ result: "ok" });
      child.kill("SIGCONT");
      await livesOn(env, child, watchers ?? watch(env));
    });
  });
});
