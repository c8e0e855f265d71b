/** A process that lacks something, or does not come to its work: a clear error, nobody else harmed, nothing left. */
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { type Consumer, openStream } from "edgestream";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { reportOf, startSink } from "../integration/crowd.ts";
import { countFds, endChildren, makeRuntimeDir, removeRuntimeDirs, until } from "../programs/child.ts";
import { Pattern } from "../programs/pattern.mjs";
import { type ChildSource, childSource, type RemoteError } from "../programs/remote-source.ts";

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

/** So many more descriptors the process may open from now on; undefined: as many as usual. */
function leaveDescriptors({ child: { pid } }: ChildSource, free: number | undefined): void {
  const taken = new Set(readdirSync(`/proc/${pid}/fd`).map(Number));
  let limit = free === undefined ? 1024 : 0; // the first number that may not be given
  for (let left = free ?? 0; left > 0 || taken.has(limit); limit++) left -= taken.has(limit) ? 0 : 1;
  execFileSync("prlimit", [`--pid=${pid}`, `--nofile=${limit}:`]);
}

async function seated(source: ChildSource, count: number): Promise<void> {
  await until(`${count} are seated`, async () => {
    const { connections } = await source.stats();
    return connections.filter(({ state }) => state !== "connecting").length === count;
  });
}

describe("descriptors run out", () => {
  /** A producer whose pool is large enough for one more than the consumer that it has. */
  async function withOneConsumer() {
    const runtimeDir = makeRuntimeDir();
    const source = await listen(runtimeDir);
    const stream = await openStream("starved", { runtimeDir });
    const consumer = await stream.connectConsumer({ mode: "fifo" });
    await seated(source, 1);
    const other = await stream.connectConsumer({ mode: "fifo" });
    await seated(source, 2);
    await other.close();
    await seated(source, 1);
    return { source, stream, consumer };
  }

  async function expectFrames(source: ChildSource, consumer: Consumer, from: bigint, to: bigint): Promise<void> {
    for (let number = from; number <= to; number++) {
      await source.post();
      const got = await consumer.acquire({ timeoutMs: 5000 });
      expect(got.number).toBe(number);
      expect(pattern.matches(got.data, number)).toBe(true);
    }
  }

  test("in the producer: those who are there go on, a newcomer waits and comes in when one is free", async () => {
    const { source, stream, consumer } = await withOneConsumer();
    const before = countFds(pidOf(source));
    leaveDescriptors(source, 0); // not even a caller can be accepted: it waits in the socket's queue
    const newcomer = stream.connectConsumer({ mode: "fifo" });
    newcomer.catch(() => {});
    await expectFrames(source, consumer, 1n, 50n);
    expect((await source.stats()).connections).toHaveLength(1);
    leaveDescriptors(source, undefined);
    await seated(source, 2);
    await source.post();
    const late = await newcomer;
    expect(await late.acquire({ timeoutMs: 5000 })).toMatchObject({ number: 51n });
    await late.close();
    await until("the newcomer's descriptors are closed", () => countFds(pidOf(source)) === before);
    await stream.close();
  });

  test("in the producer: a newcomer that gets some and not all is refused with ERR_BAD_ALLOC", async () => {
    const { source, stream, consumer } = await withOneConsumer();
    const before = countFds(pidOf(source));
    const join = async () => {
      const newcomer = await stream.connectConsumer({ mode: "fifo" });
      return await newcomer.acquire({ timeoutMs: 5000 });
    };
    // Its socket, its page, and the two ends of its wake-ups: with all four it comes in.
    for (let free = 1; free < 4; free++) {
      leaveDescriptors(source, free);
      await expect(join(), `${free} free`).rejects.toMatchObject({ code: "ERR_BAD_ALLOC" });
      await until("what it got is free again", () => countFds(pidOf(source)) === before);
    }
    await expectFrames(source, consumer, 1n, 10n);
    leaveDescriptors(source, 4);
    const late = await stream.connectConsumer({ mode: "fifo" });
    await seated(source, 2);
    await source.post();
    expect(await late.acquire({ timeoutMs: 5000 })).toMatchObject({ number: 11n });
    await stream.close();
  });

  test("in a consumer: ERR_BAD_ALLOC, nothing left open, and it can try again", async () => {
    const runtimeDir = makeRuntimeDir();
    const source = await listen(runtimeDir);
    const reader = await childSource();
    const read = () => reader.readOne("starved", { runtimeDir, timeoutMs: 3000 });
    const posting = source.run(10_000, 100).catch(() => {});
    await read(); // whatever is loaded on first use is loaded now
    const before = countFds(pidOf(reader));
    const outcomes: string[] = [];
    for (let free = 0; free < 6; free++) {
      leaveDescriptors(reader, free);
      const outcome = read().then(
        () => "read",
        (error: RemoteError) => error.code ?? String(error),
      );
      outcomes.push(await outcome);
      await until("nothing is left open", () => countFds(pidOf(reader)) <= before);
    }
    // A socket, and then page and wake-ups in one message; the page's is closed before the pool's comes.
    const fails = "ERR_BAD_ALLOC";
    expect(outcomes).toEqual([fails, fails, fails, "read", "read", "read"]);
    leaveDescriptors(reader, undefined);
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
