/**
 * A consumer of a throughput or latency run, in a process of its own.
 * argv[2]: { name, mode, fps, touch, warmUpMs } and how it meets its producer, see meet.mjs; touch = look at the
 * pixels of each frame. At a pace (fps > 0) the time from the producer's post to the loop body is taken for each frame.
 */
import { cpuUs, nowNs, pacedWarmUpMs, percentiles, report } from "./clock.mjs";
import { createOrOpen } from "./meet.mjs";

const task = JSON.parse(process.argv[2]);
const paced = task.fps > 0;
/** At a pace; a run of ten minutes at 60 fps. */
const mostFrames = 65_536;
const warmUpNs = BigInt((task.warmUpMs + (paced ? pacedWarmUpMs : 0)) * 1e6);
const stream = await createOrOpen(task);
const consumer = await stream.connectConsumer();
/** [time in the loop body, time of the post, the core's stamp of it] per frame. */
const stamps = new BigInt64Array(paced ? 3 * mostFrames : 0);
let received = 0;
let sum = 0;
let first;
let start;

/** The window opens after the warm-up; asking the clock at every 16th frame keeps it out of the figure. */
function openWindow() {
  const now = nowNs();
  first ??= now;
  if (now - first >= warmUpNs) start = { ns: now, cpuUs: cpuUs(), received };
}

/** Calculated when all is over: what is done here is done in the time that is measured. */
function noteTimes(frame) {
  const at = 3 * (received % mostFrames);
  stamps[at] = nowNs();
  stamps[at + 1] = frame.pts ?? 0n;
  stamps[at + 2] = frame.timestamps.posted;
}

for await (const frame of consumer) {
  if (paced) noteTimes(frame);
  if (task.touch) sum += frame.data[100];
  if (start === undefined && (paced || received % 16 === 0)) openWindow();
  received++;
}

if (start === undefined) throw new Error(`the run ended within its warm-up of ${warmUpNs / 1_000_000n} ms`);
const seconds = Number(nowNs() - start.ns) / 1e9;
const frames = received - start.received;
const cpuUsPerFrame = (cpuUs() - start.cpuUs) / frames;
/** ns from the stamp at `which` to the loop body, of the frames in the window. */
const since = (which) =>
  Array.from({ length: paced ? Math.min(frames, mostFrames) : 0 }, (_, i) => {
    const at = 3 * ((start.received + i) % mostFrames);
    return Number(stamps[at] - stamps[at + which]);
  });
await stream.close();
report({
  framesPerSecond: frames / seconds,
  cpuUsPerFrame,
  received,
  latency: percentiles(since(1)),
  latencyFromStamp: percentiles(since(2)),
  sum,
});
