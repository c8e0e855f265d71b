/**
 * The producer of a throughput or latency run, in a process of its own.
 * argv[2]: { name, frame, mode, consumers, fill, fps, warmUpMs, measureMs }; fps 0 = as fast as it goes. At a pace
 * each frame's pts is the time of its post.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { createStream } from "edgestream";
import { cpuUs, nowNs, pacedWarmUpMs, report } from "./clock.mjs";

const task = JSON.parse(process.argv[2]);
const accept = { maxConsumers: Math.max(16, task.consumers) };
const stream = await createStream({ name: task.name, frame: task.frame, accept, ...task.mode });
const producer = await stream.connectProducer({ maxWriting: 1 });
const count = (states) => producer.stats().connections.filter(({ state }) => states.includes(state)).length;
// A consumer in the middle of its hand-shake gets no frames yet, and a flood leaves the loop no turn to finish it.
while (count(["empty"]) < task.consumers) await sleep(5);
const slots = producer.stats().pool.slots;

let source;
async function acquireFilled() {
  const frame = await producer.acquire();
  if (task.fill === "copy") {
    source ??= new Uint8Array(frame.data.length).fill(1);
    frame.data.set(source);
  }
  return frame;
}

/** Posts for `ms`; looks at the clock once in 16 frames. Returns how many. */
async function flood(ms) {
  const end = nowNs() + BigInt(ms * 1e6);
  let posted = 0;
  do {
    await producer.post(await acquireFilled());
    posted++;
  } while (posted % 16 !== 0 || nowNs() < end);
  return posted;
}

/** Posts at a steady rate. */
async function pace(ms) {
  const start = performance.now();
  const periodMs = 1000 / task.fps;
  const count = Math.round(ms / periodMs);
  for (let i = 0; i < count; i++) {
    await sleep(Math.max(0, start + i * periodMs - performance.now()));
    const frame = await acquireFilled();
    await producer.post(frame, { pts: nowNs() });
  }
  return count;
}

// Also at a pace the flood comes first: a program that has run for minutes is compiled, one of a second is not.
await flood(task.warmUpMs);
if (task.fps > 0) await pace(pacedWarmUpMs);
const startNs = nowNs();
const startCpuUs = cpuUs();
const posted = await (task.fps > 0 ? pace : flood)(task.measureMs);
const seconds = Number(nowNs() - startNs) / 1e9;
const cpuUsPerFrame = (cpuUs() - startCpuUs) / posted;
await producer.closeInput();
await stream.close();
report({ framesPerSecond: posted / seconds, cpuUsPerFrame, slots });
