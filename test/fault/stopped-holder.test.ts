/** A consumer is stopped (SIGSTOP) while it holds a frame: the others go on, and nobody writes what it holds. */
import { createHash } from "node:crypto";
import { afterAll, afterEach, expect, test } from "vitest";
import { dismiss, listen, reportOf, startSink } from "../integration/crowd.ts";
import { endChildren, makeRuntimeDir, removeRuntimeDirs, run, until } from "../programs/child.ts";
import { Pattern } from "../programs/pattern.mjs";

const frame = { format: "GRAY8", width: 640, height: 360 } as const;
const maxHoldMs = 100;
const frames = 4000;

afterEach(endChildren);
afterAll(removeRuntimeDirs);

function hashOf(number: bigint): string {
  const { width, height } = frame;
  return createHash("sha256")
    .update(new Pattern(width * height).picture(number))
    .digest("hex");
}

test("a stopped holder is evicted; thousands of frames later its slot is as it was, back at its death", async () => {
  const runtimeDir = makeRuntimeDir();
  const accept = { maxHoldMs, onHeldTooLong: "evict" } as const;
  const source = await listen({ name: "quarantine", runtimeDir, frame, accept });
  const open = { runtimeDir, timeoutMs: 30_000 };
  const holder = run("holder.mjs", { name: "quarantine", open });
  await until("the holder is seated", async () => (await source.stats()).connections[0]?.state === "empty");
  await source.post(1);
  const held = await holder.line("held");
  holder.kill("SIGSTOP");
  expect(held).toMatchObject({ number: "1", hash: hashOf(1n), cause: "none" });
  await until("the holder is evicted", async () => (await source.events()).some(({ name }) => name === "evicted"));
  const events = (await source.events()).filter(({ from }) => from === "producer");
  expect(events.filter(({ name }) => name === "heldTooLong")).toMatchObject([{ frames: 1 }]);
  expect(events.filter(({ name }) => name === "evicted")).toMatchObject([
    { cause: "evicted-hold", stats: { delivered: 1n, held: 1n } },
  ]);

  const fifo = startSink("quarantine", runtimeDir, { consumer: { mode: "fifo", fifoLength: 8 } });
  const mailbox = startSink("quarantine", runtimeDir, { consumer: { mode: "mailbox" } });
  await until("the others are seated", async () => {
    return (await source.stats()).connections.filter(({ state }) => state === "empty").length === 2;
  });
  await source.run(frames);
  const whileStopped = await source.stats();
  expect(whileStopped.connections).toHaveLength(3); // the evicted one has its seat and its slot still
  await source.closeInput();
  expect(await reportOf(fifo)).toMatchObject({ frames, torn: 0, misnumbered: 0, gaps: 0, cause: "ended" });
  const latest = await reportOf(mailbox);
  expect(latest).toMatchObject({ torn: 0, misnumbered: 0, last: frames + 1, cause: "ended" });
  expect(latest.frames + latest.skipped).toBe(frames);
  await until("only the holder is left", async () => (await source.stats()).connections.length === 1);
  const { pool } = await source.stats();
  expect(pool.slotsFree).toBe(pool.slots - 1);

  holder.kill("SIGCONT");
  let look = held;
  await until("the holder hears of it", async () => {
    holder.tell("look");
    look = await holder.line("look");
    return look.cause !== "none";
  });
  expect(look).toMatchObject({ hash: held.hash, cause: "evicted-hold", reason: expect.stringContaining("maxHoldMs") });
  expect((await source.stats()).pool.slotsFree).toBe(pool.slots - 1);
  holder.kill();
  await until("its slot is back", async () => (await source.stats()).pool.slotsFree === pool.slots);
  expect((await source.stats()).connections).toHaveLength(0);
  console.log(`${frames} frames past a stopped holder; mailbox took ${latest.frames}, skipped ${latest.skipped}`);
  await dismiss(source);
});
