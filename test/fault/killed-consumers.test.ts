/** Consumers die at any instruction: the others miss nothing, and nothing of the dead stays behind. */
import { readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, expect, test } from "vitest";
import { complete, dismiss, listen, reportOf, type SinkOrder, startSink } from "../integration/crowd.ts";
import { type Child, endChildren, listShm, makeRuntimeDir, removeRuntimeDirs, until } from "../programs/child.ts";
import { Dice } from "../programs/dice.ts";
import type { ChildSource } from "../programs/remote-source.ts";

const kills = 200;
const atOnce = 4;
const frame = { format: "NV12", width: 640, height: 360 } as const;
const lives: readonly SinkOrder[] = [
  { consumer: { mode: "fifo", fifoLength: 4, maxHeld: 3 }, hold: 2 },
  { consumer: { mode: "mailbox" } },
  { consumer: { mode: "mailbox", maxHeld: 4 }, hold: 3 },
  { consumer: { mode: "broadcast", capacity: 6 }, sleepMs: 3 },
];

afterEach(endChildren);
afterAll(removeRuntimeDirs);

/** How long it took until the dead were noticed, in ms. */
interface Noticed {
  /** From the signal to the producer's event, by which time the slots are free. */
  sinceSignal: number[];
  /** From the end of the process, as far as its parent can tell. The kernel needs its time to take one down. */
  sinceExit: number[];
}

class Deaths {
  readonly #source: ChildSource;
  readonly #killedAt = new Map<string, bigint>();
  readonly #endedAt = new Map<string, bigint>();
  withoutSeat = 0;

  constructor(source: ChildSource) {
    this.#source = source;
  }

  /** Starts a consumer and kills it: some in the hand-shake, most while they read. */
  async one(dice: Dice, start: () => Child): Promise<void> {
    const victim = start();
    if (dice.roll(5) === 0) {
      await sleep(30 + dice.roll(250));
      victim.kill();
      await victim.exit;
      this.withoutSeat++;
      return;
    }
    const { connection } = await victim.line("connected");
    await victim.line("first");
    await sleep(dice.roll(25));
    victim.process.once("exit", () => this.#endedAt.set(String(connection), process.hrtime.bigint()));
    this.#killedAt.set(String(connection), process.hrtime.bigint());
    victim.kill();
    await until("the dead consumer's seat is empty", async () => {
      return !(await this.#source.stats()).connections.some(({ id }) => String(id) === connection);
    });
    await victim.exit;
  }

  async noticed(): Promise<Noticed> {
    const sinceSignal: number[] = [];
    const sinceExit: number[] = [];
    for (const { name, from, connection, at } of await this.#source.events()) {
      const killed = this.#killedAt.get(String(connection));
      const ended = this.#endedAt.get(String(connection));
      if (name !== "disconnected" || from !== "producer" || killed === undefined || ended === undefined) continue;
      sinceSignal.push(Number(at - killed) / 1e6);
      sinceExit.push(Math.max(0, Number(at - ended) / 1e6)); // the parent may be the later one to know
    }
    return { sinceSignal, sinceExit };
  }
}

function summary(values: readonly number[]): string {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.ceil(sorted.length * share) - 1]?.toFixed(1);
  return `median ${at(0.5)}, 95 % ${at(0.95)}, worst ${at(1)} of ${sorted.length}`;
}

test("200 consumers are killed while streaming: others miss nothing, slots and everything else come back", async () => {
  const dice = new Dice();
  const shmBefore = listShm();
  const runtimeDir = makeRuntimeDir();
  const spawn = { nodeArguments: ["--expose-gc"], watchdogMs: 280_000 };
  const source = await listen({ name: "victims", runtimeDir, frame, accept: { maxConsumers: 16 } }, spawn);
  const fifo = { consumer: { mode: "fifo", fifoLength: 32, client: "witness" } } as const;
  const witnesses = [1, 2].map(() => startSink("victims", runtimeDir, fifo, spawn));
  await until("the witnesses are seated", async () => {
    return (await source.stats()).connections.filter(({ state }) => state === "empty").length === witnesses.length;
  });
  const running = source.run(1_000_000, 120);
  running.catch(() => {});
  const deaths = new Deaths(source);
  const before = { ...(await source.resources()), ...(await source.stats()).pool };
  let left = kills;
  const reap = async () => {
    while (left-- > 0) await deaths.one(dice, () => startSink("victims", runtimeDir, dice.pick(lives), spawn));
  };
  console.log(`seed ${dice.seed}`);
  await Promise.all(Array.from({ length: atOnce }, reap));
  await until(
    "only the witnesses are left",
    async () => (await source.stats()).connections.length === witnesses.length,
  );
  const after = { ...(await source.resources()), ...(await source.stats()).pool };
  expect(readdirSync(runtimeDir).sort()).toEqual(["victims.lock", "victims.sock"]);
  expect(listShm()).toEqual(shmBefore);
  await source.halt();
  const { frames, fps } = await running;
  await source.closeInput();
  for (const witness of witnesses) expect(await reportOf(witness)).toEqual(complete(frames));
  await until("the witnesses are gone", async () => (await source.stats()).connections.length === 0);
  const { pool } = await source.stats();
  const noticed = await deaths.noticed();
  await dismiss(source);
  const mebi = (bytes: number) => (bytes / 2 ** 20).toFixed(1);
  console.log(
    `${kills} consumers killed (${deaths.withoutSeat} at any moment after their start)`,
    `while ${frames} frames ran at ${fps.toFixed(0)} fps; slots back, ms:\n`,
    `  after the signal: ${summary(noticed.sinceSignal)}\n`,
    `  after the process had ended: ${summary(noticed.sinceExit)}\n`,
    `descriptors ${before.fds - before.memoryObjects} -> ${after.fds - after.memoryObjects}`,
    `besides ${after.memoryObjects} memory objects, seat pages ${before.seatPages} -> ${after.seatPages},`,
    `anonymous memory ${mebi(before.rssAnonBytes)} -> ${mebi(after.rssAnonBytes)} MiB`,
  );
  expect(noticed.sinceSignal).toHaveLength(kills - deaths.withoutSeat);
  expect(pool.slotsFree).toBe(pool.slots);
  expect(readdirSync(runtimeDir)).toEqual([]);
  expect(after.seatPages).toBe(before.seatPages);
  expect(after.fds - after.memoryObjects).toBe(before.fds - before.memoryObjects);
  expect(after.rssAnonBytes - before.rssAnonBytes).toBeLessThan(32 * 2 ** 20);
}, 300_000);
