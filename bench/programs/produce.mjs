/**
 * The producer of a throughput or latency run, in a process of its own.
 * argv[2]: { name, frame, mode, consumers, fill, fps, warmUpMs, measureMs } and how it meets its consumers, see
 * meet.mjs; fps 0 = as fast as it goes. At a pace each frame's pts is the time of its post.
 */
import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";
import { cpuUs, nowNs, pacedWarmUpMs, report } from "./clock.mjs";
import { createOrOpen } from "./meet.mjs";
import { pace } from "./pace.mjs";

const task = JSON.parse(process.argv[2]);
const accept = { maxConsumers: Math.max(16, task.consumers) };
const stream = await createOrOpen(task, { accept });
const producer = await stream.connectProducer({ frame: task.frame, maxWriting: 1 });
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

/** A flood that no full queue holds back would leave the event loop no turn. */
const neverWaits = task.mode.mode === "mailbox";

/** Posts for `ms`; looks at the clock once in 16 frames. Returns how many. */
async function flood(ms) {
  const end = nowNs() + BigInt(ms * 1e6);
  let posted = 0;
  do {
    await producer.post(await acquireFilled());
    if (neverWaits) await turn();
    posted++;
  } while (posted % 16 !== 0 || nowNs() < end);
  return posted;
}

async function postStamped() {
  const frame = await acquireFilled();
  await producer.post(frame, { pts: nowNs() });
}

const steady = (ms) => pace(task.fps, ms, postStamped);

// Also at a pace the flood comes first: a program that has run for minutes is compiled, one of a second is not.
const before = (await flood(task.warmUpMs)) + (task.fps > 0 ? await steady(pacedWarmUpMs) : 0);
const startNs = nowNs();
const startCpuUs = cpuUs();
const posted = await (task.fps > 0 ? steady : flood)(task.measureMs);
const seconds = Number(nowNs() - startNs) / 1e9;
const cpuUsPerFrame = (cpuUs() - startCpuUs) / posted;
const patience = performance.now() + 5000;
await producer.closeInput();
// Between hosts the last frames are still on their way: a consumer that has read to the end leaves by itself.
while (producer.stats().connections.length > 0 && performance.now() < patience) await sleep(5);
await stream.close();
report({ framesPerSecond: posted / seconds, cpuUsPerFrame, slots, posted: before + posted });
