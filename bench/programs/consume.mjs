/**
 * A consumer of a throughput or latency run, in a process of its own.
 * argv[2]: { name, mode, fps, touch, warmUpMs }; touch = look at the pixels of each frame. At a pace (fps > 0) the
 * time from the producer's post to the loop body is taken for each frame.
 */
import { openStream } from "edgestream";
import { cpuUs, nowNs, pacedWarmUpMs, percentiles, report } from "./clock.mjs";

const task = JSON.parse(process.argv[2]);
const paced = task.fps > 0;
const warmUpNs = BigInt((task.warmUpMs + (paced ? pacedWarmUpMs : 0)) * 1e6);
const stream = await openStream(task.name, task.mode);
const consumer = await stream.connectConsumer();
const fromCallNs = [];
const fromStampNs = [];
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

function noteLatency(frame) {
  const now = nowNs();
  if (start === undefined || frame.pts === undefined) return;
  fromCallNs.push(Number(now - frame.pts));
  fromStampNs.push(Number(now - frame.timestamps.posted));
}

for await (const frame of consumer) {
  if (paced) noteLatency(frame);
  if (task.touch) sum += frame.data[100];
  if (start === undefined && (paced || received % 16 === 0)) openWindow();
  received++;
}

if (start === undefined) throw new Error(`the run ended within its warm-up of ${warmUpNs / 1_000_000n} ms`);
const seconds = Number(nowNs() - start.ns) / 1e9;
const frames = received - start.received;
const cpuUsPerFrame = (cpuUs() - start.cpuUs) / frames;
await stream.close();
report({
  framesPerSecond: frames / seconds,
  cpuUsPerFrame,
  latency: percentiles(fromCallNs),
  latencyFromStamp: percentiles(fromStampNs),
  sum,
});
