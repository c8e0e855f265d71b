/** The producer dies at any instruction: its consumers hear of it and keep what they hold; its name is free at once. */
import { readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { type Consumer, openStream } from "edgestream";
import { afterAll, afterEach, expect, test } from "vitest";
import { dismiss, listen, reportOf, startSink } from "../integration/crowd.ts";
import { countFds, endChildren, listShm, makeRuntimeDir, removeRuntimeDirs, until } from "../programs/child.ts";
import { Dice } from "../programs/dice.ts";
import { Pattern } from "../programs/pattern.mjs";

const rounds = 15;
const frame = { format: "NV12", width: 640, height: 360 } as const;
const pattern = new Pattern((640 * 360 * 3) / 2);

afterEach(endChildren);
afterAll(removeRuntimeDirs);

/** Reads until the end, which must be the producer's death; the numbers seen, each frame whole. */
async function readToTheDeath(consumer: Consumer): Promise<bigint[]> {
  const numbers: bigint[] = [];
  try {
    for await (const { data, number } of consumer) {
      expect(pattern.matches(data, number)).toBe(true);
      numbers.push(number);
    }
  } catch (error) {
    expect(error).toMatchObject({ code: "ERR_PRODUCER_LOST", reason: "closed" });
    return numbers;
  }
  throw new Error("the iteration ended as if nothing had happened");
}

test("a killed producer: its consumers are told, keep what they hold and drain; its name is free", async () => {
  const dice = new Dice();
  console.log(`seed ${dice.seed}`);
  const runtimeDir = makeRuntimeDir();
  const shmBefore = listShm();
  const noticed: number[] = [];
  let drained = 0;
  let fdsAfterFirst = 0;
  for (let round = 0; round < rounds; round++) {
    // Each round is the restart of a killed producer: the name, its lock and its socket are the last one's.
    const source = await listen({ name: "mortal", runtimeDir, frame, accept: { maxHeld: 8 } });
    const others = [startSink("mortal", runtimeDir, { consumer: { mode: "mailbox" } })];
    const stream = await openStream("mortal", { runtimeDir });
    const consumer = await stream.connectConsumer({ mode: "fifo", fifoLength: 16, maxHeld: 3 });
    const watcher = await stream.connectConsumer({ mode: "mailbox" });
    let lostAt = 0n;
    watcher.on("statechange", ({ newState, cause }) => {
      if (newState === "disconnected" && cause === "producer-lost") lostAt = process.hrtime.bigint();
    });
    await until("all are seated", async () => {
      return (await source.stats()).connections.filter(({ state }) => state === "empty").length === 3;
    });
    source.run(1_000_000, 250).catch(() => {}); // it will not survive this
    await Promise.all(others.map((other) => other.line("first")));
    const held = await consumer.acquire();
    const copy = held.copy();
    await sleep(dice.roll(60));
    const killedAt = process.hrtime.bigint();
    source.child.kill();
    await until("the death is noticed", () => lostAt !== 0n);
    noticed.push(Number(lostAt - killedAt) / 1e6);
    const numbers = await readToTheDeath(consumer);
    expect(numbers).toEqual(numbers.map((_, index) => held.number + 1n + BigInt(index)));
    drained += numbers.length;
    expect(held.released).toBe(false);
    expect(Buffer.compare(held.data, copy)).toBe(0);
    expect(pattern.matches(held.data, held.number)).toBe(true);
    expect(consumer.stats()).toMatchObject({ cause: "producer-lost", state: "disconnected", waiting: 0n });
    for (const other of others) {
      expect(await reportOf(other)).toMatchObject({ torn: 0, end: "ERR_PRODUCER_LOST", cause: "producer-lost" });
      await other.ended();
    }
    await stream.close();
    await source.child.exit;
    if (round === 0) fdsAfterFirst = countFds();
  }
  noticed.sort((a, b) => a - b);
  console.log(
    `${rounds} producers killed; producer-lost seen after (ms)`,
    `median ${noticed[rounds >> 1]?.toFixed(1)}, worst ${noticed.at(-1)?.toFixed(1)};`,
    `${drained} frames drained from fifos; descriptors ${fdsAfterFirst} -> ${countFds()}`,
  );
  expect(countFds()).toBeLessThanOrEqual(fdsAfterFirst);
  expect(listShm()).toEqual(shmBefore);
  expect(readdirSync(runtimeDir).sort()).toEqual(["mortal.lock", "mortal.sock"]);
  const last = await listen({ name: "mortal", runtimeDir, frame });
  await dismiss(last);
  expect(readdirSync(runtimeDir)).toEqual([]);
}, 180_000);

test("a consumer that reconnects lives through the producer's death and sees the next epoch", async () => {
  const runtimeDir = makeRuntimeDir();
  const first = await listen({ name: "phoenix", runtimeDir, frame });
  const stream = await openStream("phoenix", { runtimeDir, reconnect: true, mode: "fifo" });
  const consumer = await stream.connectConsumer();
  await until("it is seated", async () => (await first.stats()).connections[0]?.state === "empty");
  await first.post(1);
  const before = await consumer.acquire();
  const waiting = consumer.next();
  first.child.kill();
  await first.child.exit;
  const second = await listen({ name: "phoenix", runtimeDir, frame });
  await until("it came back", async () => (await second.stats()).connections[0]?.state === "empty");
  await second.post(1);
  const result = await waiting;
  expect(result).toMatchObject({ status: "ok", frame: { number: 1n } });
  expect(result.frame?.epoch).toBeGreaterThan(before.epoch);
  expect(consumer.stats().reconnects).toBe(1);
  await stream.close();
  await dismiss(second);
}, 60_000);
