/** I7 as a property: whatever happens to connections in whatever order, the counters add up at both ends, and agree. */
import type { ConnectionStats, Consumer, ConsumerOptions, ConsumerStats, ReadableFrame } from "edgestream";
import fc from "fast-check";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { endChildren, removeRuntimeDirs, until } from "../programs/child.ts";
import { Dice } from "../programs/dice.ts";
import type { SourceCalls } from "../programs/source.mjs";
import { type Bench, closeBenches, openBench, places } from "./places.ts";

const crewMax = 4;
const maxHeld = 2;
// Whoever makes a post wait does so for a millisecond, so every step ends.
const patient: ConsumerOptions = { mode: "fifo", fifoLength: 3, maxHeld, maxWaitMs: 1, onStall: "overwrite" };
const laggard: ConsumerOptions = { mode: "broadcast", capacity: 2, maxHeld, maxLag: 4 };
const shapes: readonly ConsumerOptions[] = [
  ...[patient, laggard],
  { mode: "mailbox", maxHeld },
  { mode: "mailbox", maxHeld, maxLagTotal: 6 },
  { mode: "fifo", fifoLength: 2, maxHeld, maxWaitMs: 1, onStall: "evict" },
  { mode: "fifo", fifoLength: 2, maxHeld, whenFull: "drop" },
];

type Step =
  | { act: "join"; shape: ConsumerOptions }
  | { act: "post"; frames: number }
  | { act: "take" | "release" | "evict" | "leave"; who: number };

const who = fc.nat(crewMax - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ act: fc.constant("join"), shape: fc.constantFrom(...shapes) }) },
  { weight: 4, arbitrary: fc.record({ act: fc.constant("post"), frames: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 4, arbitrary: fc.record({ act: fc.constant("take"), who }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant("release"), who }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constantFrom("evict", "leave"), who }) },
);

/** Has everything in it that chance may leave out: a stall and its end, a lag, an eviction. */
const certain: Step[] = [
  { act: "join", shape: patient },
  { act: "join", shape: laggard },
  { act: "post", frames: 5 },
  { act: "take", who: 0 },
  { act: "post", frames: 5 },
  { act: "evict", who: 0 },
];

const counters = ["posted", "delivered", "skipped", "discarded", "waiting"] as const;
type Counters = Pick<ConnectionStats, (typeof counters)[number]>;

function countersOf(stats: ConnectionStats | ConsumerStats): Counters {
  return Object.fromEntries(counters.map((name) => [name, stats[name]])) as unknown as Counters;
}

function expectBalance({ posted, delivered, skipped, discarded, waiting }: Counters): void {
  expect(delivered + skipped + discarded + waiting).toBe(posted);
}

/** The last counters of a connection that the producer no longer has. */
async function lastWords(source: SourceCalls, connection: bigint): Promise<ConnectionStats | undefined> {
  const events = await source.events();
  return events.find((event) => event.name === "disconnected" && event.connection === connection)?.stats;
}

/** Some consumers of one bench, and what they hold. */
class Crew {
  readonly #bench: Bench;
  readonly #members: { consumer: Consumer; held: ReadableFrame[] }[] = [];

  constructor(bench: Bench) {
    this.#bench = bench;
  }

  async take(step: Step): Promise<void> {
    if (step.act === "post") {
      await this.#bench.source.post(step.frames);
    } else if (step.act === "join") {
      if (this.#members.length === crewMax) return;
      this.#members.push({ consumer: await this.#bench.consume(step.shape), held: [] });
    } else {
      const member = this.#members[step.who];
      if (member === undefined) return;
      if (step.act === "take") {
        const { frame } = await member.consumer.next({ timeoutMs: 0 });
        if (frame !== undefined) member.held.push(frame);
      }
      if (step.act === "release") member.held.shift()?.release();
      if (step.act === "evict") await this.#evict(member.consumer.connection);
      if (step.act === "leave") await this.#leave(step.who);
    }
  }

  /** Both ends of every connection balance, and say the same. */
  async check(): Promise<void> {
    const { connections } = await this.#bench.source.stats();
    for (const connection of connections) expectBalance(connection);
    for (const { consumer } of this.#members) {
      const own = countersOf(consumer.stats());
      expectBalance(own);
      const id = consumer.connection;
      const seen = connections.find((each) => each.id === id) ?? (await lastWords(this.#bench.source, id));
      expect(seen && countersOf(seen)).toEqual(own);
    }
  }

  async dismiss(): Promise<void> {
    while (this.#members.length > 0) await this.#leave(0);
  }

  async #evict(connection: bigint): Promise<void> {
    const { connections } = await this.#bench.source.stats();
    const there = connections.some(({ id, state }) => id === connection && state !== "disconnected");
    if (there) await this.#bench.source.evict(connection, "by lot");
  }

  async #leave(index: number): Promise<void> {
    const [member] = this.#members.splice(index, 1);
    if (member === undefined) return;
    const { consumer } = member;
    const { connection } = consumer;
    await consumer.close();
    const told = async () => (await lastWords(this.#bench.source, connection)) !== undefined;
    await until("the end is told", told);
    const last = await lastWords(this.#bench.source, connection);
    const own = countersOf(consumer.stats());
    expectBalance(own);
    expect(last && countersOf(last)).toEqual(own);
  }
}

afterEach(async () => {
  await closeBenches();
  await endChildren();
});
afterAll(removeRuntimeDirs);

describe.each(places)("$name", (place) => {
  test.skipIf(!place.sharesMemory)("counters add up and agree after every step of any course of events", async () => {
    const bench = await openBench(place);
    const { seed } = new Dice();
    const course = fc.array(step, { minLength: 10, maxLength: 40, size: "max" });
    const holds = fc.asyncProperty(course, async (steps) => {
      const crew = new Crew(bench);
      try {
        for (const each of steps) {
          await crew.take(each);
          await crew.check();
        }
      } finally {
        await crew.dismiss();
      }
    });
    await fc.assert(holds, { seed, numRuns: 30, examples: [[certain]] });
    const events = (await bench.source.events()).filter(({ from }) => from === "producer");
    const names = ["connected", "stalled", "recovered", "lagged", "evicted", "disconnected"];
    const happened = names.map((name) => [name, events.filter((event) => event.name === name).length] as const);
    console.log(`${place.name}, seed ${seed}:`, Object.fromEntries(happened));
    for (const [name, times] of happened) expect(times, name).toBeGreaterThan(0);
  });
});
