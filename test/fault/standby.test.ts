/** Standby producers: one takes over when the owner of the name is gone, by whatever death; the others wait on. */
import { readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { createStream, openStream } from "edgestream";
import { afterAll, afterEach, expect, test } from "vitest";
import { dismiss, listen } from "../integration/crowd.ts";
import { countFds, endChildren, makeRuntimeDir, removeRuntimeDirs, until, within } from "../programs/child.ts";
import { type ChildSource, childSource } from "../programs/remote-source.ts";

const contests = 100;
const frame = { format: "GRAY8", width: 64, height: 64 } as const;

afterEach(endChildren);
afterAll(removeRuntimeDirs);

test("a killed producer's standby takes over, and a reconnecting consumer goes on with it", async () => {
  const runtimeDir = makeRuntimeDir();
  const first = await listen({ name: "pair", runtimeDir, frame });
  const standby = await childSource();
  let active = false;
  const takeOver = standby.create({ name: "pair", runtimeDir, frame, standby: true }).then(async (state) => {
    active = true;
    await standby.connect();
    return state;
  });
  const stream = await openStream("pair", { runtimeDir, mode: "fifo", reconnect: true });
  const consumer = await stream.connectConsumer();
  await until("it is seated", () => consumer.state === "empty");
  await first.post(2);
  const before = await consumer.acquire();
  await sleep(200); // four looks of the standby
  expect(active).toBe(false);
  const killedAt = performance.now();
  first.child.kill();
  expect(await within("the standby takes over", takeOver)).toBe("created");
  const tookMs = performance.now() - killedAt;
  expect((await consumer.acquire()).number).toBe(2n); // drained from the first life
  await until("the consumer came over", async () => (await standby.stats()).connections[0]?.state === "empty");
  await standby.post(1);
  const after = await consumer.acquire();
  expect(after.number).toBe(1n);
  expect(after.epoch).toBeGreaterThan(before.epoch);
  console.log(`the standby was the producer ${tookMs.toFixed(0)} ms after the SIGKILL`);
  await stream.close();
  await first.child.exit;
  await dismiss(standby);
  expect(readdirSync(runtimeDir)).toEqual([]);
}, 60_000);

test("a standby that gives up, by time or by signal, leaves nothing behind", async () => {
  const runtimeDir = makeRuntimeDir();
  const owner = await createStream({ name: "kept", runtimeDir, frame });
  const standby = { name: "kept", runtimeDir, frame, standby: true };
  const fds = countFds();
  const files = readdirSync(runtimeDir).sort();
  const started = performance.now();
  await expect(createStream({ ...standby, timeoutMs: 120 })).rejects.toMatchObject({ code: "ERR_TIMEOUT" });
  expect(performance.now() - started).toBeGreaterThanOrEqual(119);
  await expect(createStream({ ...standby, timeoutMs: 0 })).rejects.toMatchObject({ code: "ERR_TIMEOUT" });
  const aborted = { code: "ERR_ABORTED", reason: "aborted" };
  await expect(createStream({ ...standby, signal: AbortSignal.timeout(80) })).rejects.toMatchObject(aborted);
  await expect(createStream({ ...standby, signal: AbortSignal.abort() })).rejects.toMatchObject(aborted);
  expect(countFds()).toBe(fds);
  expect(readdirSync(runtimeDir).sort()).toEqual(files);
  await owner.close();
  expect(readdirSync(runtimeDir)).toEqual([]);
  const stream = await createStream({ ...standby, timeoutMs: 0 }); // the name is free: at once
  expect(readdirSync(runtimeDir).sort()).toEqual(files);
  await stream.close();
  await expect(createStream({ ...standby, runtimeDir: "/proc/none" })).rejects.toMatchObject({
    code: "ERR_BAD_ACCESS",
  });
}, 30_000);

/** A child that stands by; `won` is settled once it has the name. */
function standBy(source: ChildSource, runtimeDir: string) {
  const candidate = { source, active: false, won: Promise.resolve() };
  candidate.won = source.create({ name: "prize", runtimeDir, frame, standby: true }).then(() => {
    candidate.active = true;
  });
  candidate.won.catch(() => {}); // whoever is killed while it waits has no answer
  return candidate;
}

test(`two standbys, ${contests} contests, every fifth after a SIGKILL: exactly one wins`, async () => {
  const runtimeDir = makeRuntimeDir();
  let owner = standBy(await childSource({ watchdogMs: 240_000 }), runtimeDir);
  await owner.won;
  const spawn = () => childSource({ watchdogMs: 240_000 });
  let rivals = [standBy(await spawn(), runtimeDir), standBy(await spawn(), runtimeDir)];
  const wins = [0, 0];
  for (let round = 0; round < contests; round++) {
    if (round % 5 === 0) owner.source.child.kill();
    else await owner.source.close();
    await within("somebody wins", Promise.race(rivals.map(({ won }) => won)));
    await sleep(60); // the other one looks once more at least
    expect(rivals.map(({ active }) => active).sort()).toEqual([false, true]);
    const winner = rivals.findIndex(({ active }) => active);
    wins[winner] = (wins[winner] ?? 0) + 1;
    const stream = await within("the winner answers", openStream("prize", { runtimeDir, timeoutMs: 5000 }));
    await stream.close();
    const fresh = round % 5 === 0 ? await spawn() : owner.source;
    owner = rivals[winner] as typeof owner;
    rivals[winner] = standBy(fresh, runtimeDir);
  }
  console.log(`${contests} contests of two standbys: won ${wins[0]} and ${wins[1]} times`);
  for (const { source } of rivals) source.child.kill();
  rivals = [];
  await dismiss(owner.source);
  expect(readdirSync(runtimeDir)).toEqual([]);
}, 240_000);
