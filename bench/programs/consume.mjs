/**
 * A consumer of a throughput or latency run, in a process of its own.
 * argv[2]: { name, mode, touch, warmUpMs, latency }; touch = look at the pixels of each frame.
 */
import { openStream } from "edgestream";
import { cpuUs, nowNs, percentiles, report } from "./clock.mjs";

const task = JSON.parse(process.argv[2]);
const stream = await openStream(task.name, task.mode);
const consumer = await stream.connectConsumer();
const latenciesNs = [];
let received = 0;
let sum = 0;
let first;
let start;

/** The window opens after the warm-up; asking the clock at every 16th frame keeps it out of the figure. */
function openWindow() {
  const now = nowNs();
  first ??= now;
  if (now - first >= BigInt(task.warmUpMs * 1e6)) start = { ns: now, cpuUs: cpuUs(), received };
}

for await (const frame of consumer) {
  if (task.latency && start !== undefined) latenciesNs.push(Number(nowNs() - frame.timestamps.posted));
  if (task.touch) sum += frame.data[100];
  if (start === undefined && (task.latency || received % 16 === 0)) openWindow();
  received++;
}

if (start === undefined) throw new Error(`the run ended within its warm-up of ${task.warmUpMs} ms`);
const seconds = Number(nowNs() - start.ns) / 1e9;
const frames = received - start.received;
await stream.close();
report({
  framesPerSecond: frames / seconds,
  cpuUsPerFrame: (cpuUs() - start.cpuUs) / frames,
  latency: percentiles(latenciesNs),
  sum,
});
