/** A process that lacks something, or does not come to its work: a clear error, nobody else harmed, nothing left. */
import { execFileSync } from "node:child_process";
import { openStream } from "edgestream";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { reportOf, startSink } from "../integration/crowd.ts";
import { countFds, endChildren, makeRuntimeDir, removeRuntimeDirs, until } from "../programs/child.ts";
import { Pattern } from "../programs/pattern.mjs";
import { type ChildSource, childSource } from "../programs/remote-source.ts";

const frame = { format: "GRAY8", width: 64, height: 64 } as const;
const pattern = new Pattern(64 * 64);
const blockedMs = 2000;

afterEach(endChildren);
afterAll(removeRuntimeDirs);

async function listen(runtimeDir: string): Promise<ChildSource> {
  const source = await childSource();
  await source.create({ name: "starved", runtimeDir, frame });
  await source.connect();
  return source;
}

const pidOf = ({ child }: ChildSource): number => child.process.pid ?? expect.fail("it has no pid");

/** What the process may have open from now on. */
function limitDescriptors(pid: number, most: number): void {
  execFileSync("prlimit", [`--pid=${pid}`, `--nofile=${most}:`]);
}

async function seated(source: ChildSource, count: number): Promise<void> {
  await until(`${count} are seated`, async () => {
    const { connections } = await source.stats();
    return connections.filter(({ state }) => state !== "connecting").length === count;
  });
}

describe("descriptors run out", () => {
  test("in the producer: those who are there go on, a newcomer waits and comes in when one is free", async () => {
    const runtimeDir = makeRuntimeDir();
    const source = await listen(runtimeDir);
    const stream = await openStream("starved", { runtimeDir });
    const consumer = await stream.connectConsumer({ mode: "fifo" });
    await seated(source, 1);
    const first = await stream.connectConsumer({ mode: "fifo" }); // the pool grows for it, and stays as it is
    await seated(source, 2);
    await first.close();
    await seated(source, 1);
    const before = countFds(pidOf(source));
    limitDescriptors(pidOf(source), before);
    const newcomer = await stream.connectConsumer({ mode: "fifo" }).catch((error: unknown) => error);
    for (let number = 1n; number <= 50n; number++) {
      await source.post();
      const got = await consumer.acquire({ timeoutMs: 5000 });
      expect(got.number).toBe(number);
      expect(pattern.matches(got.data, number)).toBe(true);
    }
    limitDescriptors(pidOf(source), 1024);
    if (newcomer instanceof Error) expect(newcomer).toMatchObject({ code: expect.stringMatching(/^ERR_/) });
    const late = newcomer instanceof Error ? await stream.connectConsumer({ mode: "fifo" }) : newcomer;
    await seated(source, 2);
    await source.post();
    expect(await (late as typeof consumer).acquire({ timeoutMs: 5000 })).toMatchObject({ number: 51n });
    await (late as typeof consumer).close();
    await until("the newcomer's descriptors are closed", () => countFds(pidOf(source)) === before);
    await stream.close();
  });

  test("in a consumer: an error with a code, nothing left open, and it can try again", async () => {
    const runtimeDir = makeRuntimeDir();
    const source = await listen(runtimeDir);
    const reader = await childSource();
    const read = () => reader.readOne("starved", { runtimeDir, timeoutMs: 3000 });
    const posting = source.run(10_000, 100).catch(() => {});
    await read(); // whatever is loaded on first use is loaded now
    const before = countFds(pidOf(reader));
    const codes: string[] = [];
    for (let free = 0; free < 8; free++) {
      limitDescriptors(pidOf(reader), before + free);
      await read().catch((error: { code?: string }) => codes.push(error.code ?? String(error)));
      await until("nothing is left open", () => countFds(pidOf(reader)) <= before);
    }
    expect(codes.length).toBeGreaterThan(0);
    for (const code of codes) expect(code).toMatch(/^ERR_(BAD_ALLOC|SYSTEM)$/);
    limitDescriptors(pidOf(reader), 1024);
    expect(await read()).toBeGreaterThan(1n);
    await source.halt();
    await posting;
  });
});

describe("an event loop stands still for two seconds", () => {
  test("the producer's: its consumers stay connected and miss nothing; one that dies meanwhile is let go", async () => {
    const runtimeDir = makeRuntimeDir();
    const source = await listen(runtimeDir);
    const stream = await openStream("starved", { runtimeDir });
    const consumer = await stream.connectConsumer({ mode: "fifo", fifoLength: 8 });
    const mortal = startSink("starved", runtimeDir, { consumer: { mode: "mailbox" } });
    await seated(source, 2);
    const before = (await source.resources()).seatPages;
    await source.post();
    const blocked = source.block(blockedMs);
    mortal.kill();
    await mortal.exit;
    expect(consumer.state).toBe("new-frame-available");
    await blocked;
    await until("the dead one's seat is given up", async () => (await source.resources()).seatPages === before - 1);
    await source.post(5);
    const numbers: bigint[] = [];
    while (numbers.length < 6) numbers.push((await consumer.acquire({ timeoutMs: 5000 })).number);
    expect(numbers).toEqual([1n, 2n, 3n, 4n, 5n, 6n]);
    expect((await source.stats()).connections).toHaveLength(1);
    await stream.close();
  });

  test("a consumer's: its fifo loses nothing and is not evicted, nor does another consumer lose anything", async () => {
    const runtimeDir = makeRuntimeDir();
    const source = await listen(runtimeDir);
    const slow = startSink("starved", runtimeDir, { consumer: { mode: "fifo", fifoLength: 4 }, count: 100 });
    const stream = await openStream("starved", { runtimeDir });
    const consumer = await stream.connectConsumer({ mode: "fifo", fifoLength: 4 });
    await seated(source, 2);
    const posting = source.run(100, 200);
    expect((await consumer.acquire()).number).toBe(1n);
    for (const end = performance.now() + blockedMs; performance.now() < end; );
    for (let number = 2n; number <= 100n; number++) {
      const got = await consumer.acquire({ timeoutMs: 5000 });
      expect(got).toMatchObject({ number, skipped: 0n });
      expect(pattern.matches(got.data, number)).toBe(true);
    }
    await posting;
    expect(await reportOf(slow)).toMatchObject({ frames: 100, torn: 0, gaps: 0 });
    expect(consumer.stats()).toMatchObject({ posted: 100n, delivered: 100n, skipped: 0n, discarded: 0n });
    await stream.close();
  });
});
