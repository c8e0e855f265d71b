/** Consumers die while the producer changes its format: the others miss nothing, and no old memory stays behind. */
import { setTimeout as sleep } from "node:timers/promises";
import type { FrameSpec } from "edgestream";
import { afterAll, afterEach, expect, test } from "vitest";
import { complete, dismiss, listen, reportOf, type SinkOrder, startSink } from "../integration/crowd.ts";
import { endChildren, makeRuntimeDir, removeRuntimeDirs, until } from "../programs/child.ts";
import { Dice } from "../programs/dice.ts";

const kills = 12;
const frames: readonly FrameSpec[] = [
  { format: "NV12", width: 320, height: 180 },
  { format: "RGB", width: 161, height: 91 },
  { format: "GRAY8", width: 640, height: 360 },
];
const lives: readonly SinkOrder[] = [
  { consumer: { mode: "fifo", fifoLength: 4, maxHeld: 3 }, hold: 2 },
  { consumer: { mode: "mailbox" } },
  { consumer: { mode: "broadcast", capacity: 6, maxHeld: 2 }, sleepMs: 3 },
];

afterEach(endChildren);
afterAll(removeRuntimeDirs);

test(`${kills} consumers are killed while the format changes without a pause`, { timeout: 120_000 }, async () => {
  const dice = new Dice();
  console.log(`seed ${dice.seed}`);
  const runtimeDir = makeRuntimeDir();
  const source = await listen({ name: "cam", runtimeDir, frame: frames[0] as FrameSpec });
  const witness = startSink("cam", runtimeDir, { consumer: { mode: "fifo", fifoLength: 8, maxHeld: 2 }, hold: 1 });
  await witness.line("connected");
  await until("the witness is seated", async () => (await source.stats()).connections[0]?.state === "empty");

  let dying = true;
  const killing = (async () => {
    for (let victims = 0; victims < kills; victims++) {
      const victim = startSink("cam", runtimeDir, lives[victims % lives.length] as SinkOrder);
      await victim.line("first");
      await sleep(dice.roll(20));
      victim.kill();
      await victim.exit;
    }
  })().finally(() => {
    dying = false;
  });
  killing.catch(() => {}); // it is awaited once the producer's part is done
  let posted = 0;
  let changes = 0;
  while (dying) {
    await source.reconfigure(frames[++changes % frames.length] as FrameSpec);
    posted += (await source.post(1 + dice.roll(3))).length;
  }
  await killing;
  expect(changes).toBeGreaterThan(kills);

  await source.closeInput();
  expect(await reportOf(witness)).toEqual(complete(posted));
  await witness.exit;
  await until("only the newest pool is left", async () => (await source.resources()).pools === 1);
  expect((await source.stats()).pool.memoryObjects).toBe(1);
  await dismiss(source);
});
