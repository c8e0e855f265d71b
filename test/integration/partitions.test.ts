/**
 * Streams between partitions: producer and consumer in network namespaces of their own, joined by a cable or by a bad
 * link (20 ± 5 ms each way, 1 % of the packets lost, 100 Mbit/s), which is cut. Every frame is checked whole, by CRC.
 */
import type { CreateStreamOptions, FrameSpec, OpenStreamOptions } from "edgestream";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { Cable, EmulatedLink, type Link, linkObstacle } from "../net/link.ts";
import { closePartitions } from "../net/partitions.ts";
import {
  type Child,
  endChildren,
  type Line,
  makeRuntimeDir,
  removeRuntimeDirs,
  run,
  until,
} from "../programs/child.ts";
import { type ChildSource, childSource } from "../programs/remote-source.ts";
import { asReport, complete, dismiss, fullHd, listen, type SinkOrder } from "./crowd.ts";

const long = process.env["EDGESTREAM_LONG"] === "1";
const small: FrameSpec = { format: "NV12", width: 640, height: 360 };
const tokens = { read: "may read", publish: "may publish" };
const port = 8888;
const badLink = { delayMs: 20, jitterMs: 5, lossPercent: 1, rateMbit: 100 };
const noLinks = linkObstacle();

afterEach(async () => {
  await endChildren();
  await closePartitions();
});
afterAll(removeRuntimeDirs);

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A producer at the left end that listens. */
function produce(link: Link, options: Partial<CreateStreamOptions> = {}): Promise<ChildSource> {
  const own = { name: "cam1", runtimeDir: makeRuntimeDir(), listen: [`tcp://[::]:${port}`], tokens };
  return listen({ ...own, ...options }, { wrapper: link.left.partition.wrapper });
}

interface ConsumerOrder extends Omit<SinkOrder, "sleepMs"> {
  open?: OpenStreamOptions;
  family?: "ip4" | "ip6";
}

/** A consumer at the right end. */
function consume(link: Link, { open, family = "ip4", ...order }: ConsumerOrder): Child {
  const host = family === "ip6" ? `[${link.left.ip6}]` : link.left.ip4;
  const address = { name: `tcp://${host}:${port}/cam1`, open: { token: tokens.read, ...open } };
  return run("sink.mjs", { ...address, ...order }, { wrapper: link.right.partition.wrapper, watchdogMs: 300_000 });
}

async function seated(source: ChildSource, count = 1): Promise<void> {
  await until(`${count} consumers are seated`, async () => {
    const { connections } = await source.stats();
    return connections.length === count && connections.every(({ state }) => state !== "connecting");
  });
}

interface Counters {
  posted: bigint;
  delivered: bigint;
  skipped: bigint;
  discarded: bigint;
  waiting: bigint;
}

/** 64-bit numbers of a child come as strings. */
function countersOf(stats: unknown): Counters {
  const number = (name: keyof Counters) => BigInt((stats as Record<string, string | bigint>)[name] as string | bigint);
  const [posted, delivered, skipped] = [number("posted"), number("delivered"), number("skipped")];
  return { posted, delivered, skipped, discarded: number("discarded"), waiting: number("waiting") };
}

const sum = ({ delivered, skipped, discarded, waiting }: Counters) => delivered + skipped + discarded + waiting;

/** Of the producer's connections that ended, in their order. */
async function ended(source: ChildSource): Promise<Counters[]> {
  const events = await source.events();
  const ends = events.filter(({ name, from }) => name === "disconnected" && from === "producer");
  return ends.map(({ stats }) => countersOf(stats));
}

/** All was read; both ends count `frames`, and each one's counters add up. */
async function expectComplete(source: ChildSource, done: Line, frames: number): Promise<void> {
  expect(asReport(done)).toEqual(complete(frames));
  await until("the connection has ended at the producer too", async () => (await ended(source)).length > 0);
  const all = BigInt(frames);
  const counters = { posted: all, delivered: all, skipped: 0n, discarded: 0n, waiting: 0n };
  expect(countersOf(done["stats"])).toEqual(counters);
  expect(await ended(source)).toEqual([counters]);
}

/** So that only the idle timeout decides how long a full queue is waited for. */
const patient = { maxWaitMs: 60_000 };
const fifo = { mode: "fifo", fifoLength: 8, ...patient } as const;

const links = [
  { over: "a cable", start: () => Cable.lay(), frames: [200, 40] },
  { over: "a bad link", start: () => EmulatedLink.start(badLink), frames: [20, 3] },
] as const;

describe.skipIf(noLinks !== undefined).each(links)("over $over", ({ start, frames }) => {
  let link: Link;
  beforeEach(async () => {
    link = await start();
  });

  const sizes = [
    { size: "640x360", frame: small, count: frames[0] },
    { size: "1080p", frame: fullHd, count: frames[1] },
  ];
  test.each(sizes)("a FIFO of $size NV12 loses nothing, and both ends count the same", async ({ frame, count }) => {
    const total = long ? 10 * count : count;
    const source = await produce(link, { frame, accept: patient });
    const sink = consume(link, { consumer: fifo });
    await seated(source);
    const ran = await source.run(total);
    await source.closeInput();
    const done = await sink.line("done");
    console.log(`  ${total} frames of ${frame.width}x${frame.height}, ${ran.fps.toFixed(1)} a second`);
    await expectComplete(source, done, total);
    await dismiss(source);
  });

  test("a producer that dials posts to a stream that listens, over IPv6", async () => {
    const runtimeDir = makeRuntimeDir();
    const { wrapper } = link.right.partition;
    const place = await childSource({ wrapper });
    await place.create({ name: "cam1", runtimeDir, listen: ["ipc", `tcp://[::]:${port}`], tokens, mode: "fifo" });
    const source = await childSource({ wrapper: link.left.partition.wrapper });
    await source.open(`tcp://[${link.right.ip6}]:${port}/cam1`, { token: tokens.publish });
    await source.connect({ frame: small });
    const sink = run("sink.mjs", { name: "cam1", open: { runtimeDir }, consumer: fifo }, { wrapper });
    await sink.line("connected");
    await source.run(10);
    await source.closeInput();
    expect(asReport(await sink.line("done"))).toEqual(complete(10));
    await dismiss(source);
    await dismiss(place);
  });

  test("a mailbox consumer that slept gets a frame of now, whole", async () => {
    const sleepMs = long ? 5000 : 2000; // longer than two transfers and a round trip, also without BBR
    const source = await produce(link, { frame: small });
    const name = `tcp://${link.left.ip4}:${port}/cam1`;
    const order = { name, open: { token: tokens.read }, sleepMs, count: long ? 3 : 1 };
    const sleeper = run("sleeper.mjs", order, { wrapper: link.right.partition.wrapper });
    await seated(source);
    const running = source.run(100_000, 30);
    for (let index = 0; index < order.count; index++) {
      const { number, ageMs, isWhole, isFresh } = await sleeper.line("frame");
      console.log(`  slept ${sleepMs} ms, got frame ${number}, ${Number(ageMs).toFixed(1)} ms old`);
      // What waited for it from before its sleep, in whatever buffer, would be older than that.
      expect({ isWhole, isFresh }).toEqual({ isWhole: true, isFresh: true });
    }
    const { stats } = (await sleeper.line("done")) as Line & { stats: { remote: Record<string, unknown> } };
    const { transfer, roundTrip } = stats.remote as { transfer: { p50: number; max: number }; roundTrip: string };
    const toMs = (ns: number) => (ns / 1e6).toFixed(1);
    console.log(
      `  transfers ${toMs(transfer.p50)}, at most ${toMs(transfer.max)} ms; round trip ${toMs(Number(roundTrip))} ms`,
    );
    await until("its connection has ended", async () => (await ended(source)).length > 0);
    await source.halt();
    await running;
    const here = countersOf(stats);
    const there = (await ended(source))[0] as Counters;
    expect(sum(here)).toBe(here.posted);
    expect(sum(there)).toBe(there.posted);
    expect(here.skipped).toBeGreaterThan(0n);
    expect(there.posted).toBeGreaterThanOrEqual(here.posted);
    await dismiss(source);
  });
});

test.skipIf(noLinks !== undefined)("a cable that is out for two seconds costs a FIFO nothing", async () => {
  const link = await Cable.lay();
  const source = await produce(link, { frame: small, accept: patient });
  const sink = consume(link, { consumer: fifo, family: "ip6" });
  await seated(source);
  const running = source.run(40, 20);
  await sink.line("first");
  await link.unplug();
  await pause(2000);
  await link.plug();
  await running;
  await source.closeInput();
  await expectComplete(source, await sink.line("done"), 40);
  await dismiss(source);
});

describe.skipIf(noLinks !== undefined)("a bad link that is cut", () => {
  // TCP tries again after up to as long as the cut took: half of the idle timeout (10 s) is sure to be survived.
  const short = long ? [2000, 4000] : [2000];
  test.each(short)("for %i ms, less than the idle timeout, costs a FIFO nothing", async (cutMs) => {
    const link = await EmulatedLink.start(badLink);
    const source = await produce(link, { frame: small, accept: patient });
    const sink = consume(link, { consumer: fifo });
    await seated(source);
    const running = source.run(30, 10);
    await sink.line("first");
    await link.cut(cutMs);
    await running;
    await source.closeInput();
    const done = await sink.line("done");
    const { leftToRight, rightToLeft } = await link.stats();
    console.log(`  cut off: ${leftToRight.cut} packets there, ${rightToLeft.cut} back; lost: ${leftToRight.lost}`);
    expect(leftToRight.cut).toBeGreaterThan(0);
    await expectComplete(source, done, 30);
    await dismiss(source);
  });

  const cuts = long ? [{ cutMs: 30_000, idleTimeoutMs: 10_000 }] : [{ cutMs: 4000, idleTimeoutMs: 1500 }];
  test.each(cuts)(
    "for $cutMs ms with an idle timeout of $idleTimeoutMs ms is missed to the exact number",
    async (order) => {
      const link = await EmulatedLink.start(badLink);
      const source = await produce(link, { frame: small });
      const open = { idleTimeoutMs: order.idleTimeoutMs, reconnect: { maxMs: 500 }, connectTimeoutMs: 2000 };
      const sinks = (["broadcast", "mailbox"] as const).map((mode) => consume(link, { open, consumer: { mode } }));
      await seated(source, sinks.length);
      const running = source.run(100_000, 20);
      for (const sink of sinks) await sink.line("first");
      const cut = link.cut(order.cutMs);
      for (const sink of sinks) expect((await sink.line("disconnected")).cause).toBe("producer-lost");
      await cut;
      for (const sink of sinks) await sink.line("reconnected");
      const { frames } = await source.stats();
      await until("frames come again", async () => (await source.stats()).frames > frames + 20n);
      await source.halt();
      const posted = BigInt((await running).frames);
      await source.closeInput();
      for (const sink of sinks) {
        const done = await sink.line("done");
        const stats = done["stats"] as {
          missed: string;
          mode: string;
          reconnects: number;
          lifetime: { posted: string };
        };
        const { torn, misnumbered, last, end } = asReport(done);
        console.log(
          `  ${stats.mode}: ${stats.lifetime.posted} of ${posted} frames posted to it, ${stats.missed} missed`,
        );
        expect({ torn, misnumbered, last, end }).toEqual({
          torn: 0,
          misnumbered: 0,
          last: Number(posted),
          end: "ended",
        });
        expect(stats.reconnects).toBe(1);
        expect(BigInt(stats.missed)).toBeGreaterThan(0n);
        expect(BigInt(stats.lifetime.posted) + BigInt(stats.missed)).toBe(posted);
        expect(sum(countersOf(stats))).toBe(countersOf(stats).posted);
      }
      for (const counters of await ended(source)) expect(sum(counters)).toBe(counters.posted);
      await dismiss(source);
    },
  );
});
