/**
 * One producer, one witness, and consumers that join, leave, stand still and die at random while the format changes:
 * nobody sees a torn frame, the witness gets every frame, and memory and descriptors stay flat. A quarter of a minute
 * in `npm test`, twenty minutes in `npm run test:long`.
 */
import { readFileSync } from "node:fs";
import type { FrameSpec } from "edgestream";
import { afterAll, afterEach, expect, test } from "vitest";
import { complete, dismiss, listen, reportOf, startSink } from "../integration/crowd.ts";
import { endChildren, makeRuntimeDir, removeRuntimeDirs, until } from "../programs/child.ts";
import { Dice } from "../programs/dice.ts";
import type { ChildSource } from "../programs/remote-source.ts";
import { Lives } from "./lives.ts";

const long = process.env["EDGESTREAM_LONG"] === "1";
const soakMs = long ? 20 * 60_000 : 15_000;
const seats = long ? 16 : 6;
const longestLifeMs = long ? 30_000 : 4_000;
const fps = 60;
const roundMs = 1500;
/** What the heap of a Node process may wander by itself. */
const slackBytes = 12e6;

const formats: readonly FrameSpec[] = [
  { format: "NV12", width: 320, height: 180 },
  { format: "RGB", width: 161, height: 91 },
  { format: "GRAY8", width: 640, height: 360 },
];

interface Sample {
  rss: number;
  heap: number;
  witnessRss: number;
}

afterEach(endChildren);
afterAll(removeRuntimeDirs);

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

function anonymousBytes(pid: number): number {
  const resident = /RssAnon:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(resident?.[1] ?? 0) * 1024;
}

function median(numbers: number[]): number {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? 0;
}

/** The middle of each fifth of the run. */
function fifths(samples: Sample[], key: keyof Sample): number[] {
  const length = samples.length / 5;
  return [0, 1, 2, 3, 4].map((index) => {
    const part = samples.slice(Math.floor(index * length), Math.floor((index + 1) * length));
    return median(part.map((sample) => sample[key]));
  });
}

/** Another format; false: there is no room for it while frames of several earlier ones are held. */
async function change(source: ChildSource, frame: FrameSpec): Promise<boolean> {
  try {
    await source.reconfigure(frame);
    return true;
  } catch (error) {
    expect(error).toMatchObject({ code: "ERR_BAD_ALLOC" });
    return false;
  }
}

test(`${soakMs / 1000} s, ${seats} consumers that come and go`, { timeout: soakMs + 120_000 }, async () => {
  const dice = new Dice();
  console.log(`seed ${dice.seed}`);
  const runtimeDir = makeRuntimeDir();
  const accept = { maxConsumers: 32, maxWaitMs: 250 };
  const source = await listen(
    { name: "soak", runtimeDir, frame: formats[0] as FrameSpec, accept },
    { watchdogMs: soakMs + 100_000, nodeArguments: ["--expose-gc"] },
  );
  const often = [
    "statechange",
    "connected",
    "disconnected",
    "evicted",
    "stalled",
    "recovered",
    "formatchange",
  ] as const;
  for (const name of often) await source.ignore(name); // its list would grow
  const witness = startSink(
    "soak",
    runtimeDir,
    { consumer: { mode: "fifo", fifoLength: 64 } },
    { watchdogMs: soakMs + 100_000 },
  );
  await until("the witness is seated", async () => (await source.stats()).connections[0]?.state === "empty");
  const before = await source.resources();

  const lives = new Lives("soak", runtimeDir, dice);
  const living = Promise.all(Array.from({ length: seats }, () => lives.seat(longestLifeMs)));
  let failed: unknown;
  living.catch((error: unknown) => {
    failed = error;
  });
  const samples: Sample[] = [];
  let changes = 0;
  let refused = 0;
  let posted = 0;
  const start = performance.now();
  while (performance.now() < start + soakMs && failed === undefined) {
    posted += (await source.run((fps * roundMs) / 1000, fps)).frames;
    if (dice.roll(2) === 0) (await change(source, dice.pick(formats))) ? changes++ : refused++;
    const { rssAnonBytes, heapBytes } = await source.resources();
    samples.push({ rss: rssAnonBytes, heap: heapBytes, witnessRss: anonymousBytes(witness.pid) });
    if (samples.length % 40 === 0) console.log(`  ${posted} frames, ${JSON.stringify(lives.toll)}`);
  }
  lives.end();
  // Those who still read get frames until they go.
  let over = false;
  const ended = living.finally(() => {
    over = true;
  });
  ended.catch(() => {});
  while (!over) posted += (await source.run(fps / 2, fps)).frames;
  await ended;

  await until("only the witness is left", async () => (await source.stats()).connections.length === 1);
  // A pool that grew stays as large until the format changes; its last frames leave the witness.
  for (const frame of [formats[1], formats[0]] as FrameSpec[]) {
    await source.reconfigure(frame);
    posted += (await source.run(70, 0)).frames;
  }
  let after = await source.resources();
  const isAsBefore = async () => {
    after = await source.resources();
    return after.fds <= before.fds && after.seatPages === before.seatPages && after.pools <= before.pools;
  };
  await until("descriptors, pages and pools are as before", isAsBefore).catch(() => expect(after).toEqual(before));
  await source.closeInput();
  expect(await reportOf(witness)).toEqual(complete(posted));
  await dismiss(source);

  const { toll } = lives;
  const minutes = ((performance.now() - start) / 60_000).toFixed(1);
  console.log(`  ${minutes} min, ${posted} frames, ${changes} changes of format (${refused} without room)`);
  console.log(`  ${JSON.stringify(toll)}`);
  for (const key of ["rss", "heap", "witnessRss"] as const) {
    console.log(`  ${key.padEnd(10)} by fifths of the time: ${fifths(samples, key).map(megabytes).join(", ")}`);
  }
  expect(toll.torn).toBe(0);
  expect(toll.frames).toBeGreaterThan(0);
  expect(toll.killed).toBeGreaterThan(0);
  expect(toll.left).toBeGreaterThan(0);
  expect(changes).toBeGreaterThan(0);
  for (const key of ["rss", "heap", "witnessRss"] as const) {
    const [, early = 0, , , late = 0] = fifths(samples, key);
    expect(late, key).toBeLessThan(early * 1.1 + slackBytes);
  }
});
