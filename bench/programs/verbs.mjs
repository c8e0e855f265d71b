/**
 * What a frame costs in JavaScript: both ends in one process, so that nobody waits and no wake-up counts. The producer
 * posts a queue full, then the consumer takes it; only the consumer's two verbs are timed.
 * argv[2]: { frame, queueLength, touch, held, measureMs }; touch = read one byte of each frame; held = how many
 * frames the consumer keeps at any time.
 */
import { PerformanceObserver } from "node:perf_hooks";
import { setImmediate as turn } from "node:timers/promises";
import v8 from "node:v8";
import { createStream } from "edgestream";
import { nowNs, report } from "./clock.mjs";

/** Each followed by a turn of the event loop: Node tidies up after detached buffers there, and a consumer has turns. */
const chunks = 400;
const task = JSON.parse(process.argv[2]);
const { queueLength, touch, held = 1 } = task;
const stream = await createStream({
  mode: "fifo",
  fifoLength: queueLength,
  maxHeld: held,
  frame: task.frame,
  accept: { maxPoolBytes: 2 ** 34 },
});
const consumer = await stream.connectConsumer();
const producer = await stream.connectProducer({ maxWriting: 1 });
while (consumer.state !== "empty") await turn();

let collections = 0;
new PerformanceObserver((list) => {
  collections += list.getEntries().length;
}).observe({ entryTypes: ["gc"] });

function taken({ status, frame }) {
  if (status !== "ok") throw new Error(`no frame: ${status}`);
  return frame;
}

function fillQueue() {
  for (let i = 0; i < queueLength; i++) producer.tryPost(taken(producer.tryAcquire()));
}

/** The frames that are held, oldest first. */
const out = [];
let sum = 0;

function emptyQueueHolding() {
  for (let i = 0; i < queueLength; i++) {
    if (out.length === held) out.shift().release();
    const frame = taken(consumer.tryAcquire());
    if (touch) sum += frame.data[100];
    out.push(frame);
  }
}

function emptyQueueTouching() {
  for (let i = 0; i < queueLength; i++) {
    const frame = taken(consumer.tryAcquire());
    sum += frame.data[100];
    frame.release();
  }
}

function emptyQueue() {
  for (let i = 0; i < queueLength; i++) taken(consumer.tryAcquire()).release();
}

let empty = emptyQueue;
if (held > 1) empty = emptyQueueHolding;
else if (touch) empty = emptyQueueTouching;

/** ns per frame of the consumer's two verbs, over some time. */
function runChunk(ms) {
  const end = nowNs() + BigInt(Math.round(ms * 1e6));
  let busyNs = 0n;
  let frames = 0;
  let now;
  do {
    fillQueue();
    const start = nowNs();
    empty();
    now = nowNs();
    busyNs += now - start;
    frames += queueLength;
  } while (now < end);
  return { ns: Number(busyNs) / frames, frames };
}

/** ArrayBuffers that one frame makes, and that are left when it is released: V8 accounts for their bytes. */
function countBuffers() {
  const bytes = () => v8.getHeapStatistics().external_memory;
  const one = producer.layout.size;
  fillQueue();
  let made = 0;
  let left = 0;
  for (let i = 0; i < queueLength; i++) {
    const before = bytes();
    const frame = taken(consumer.tryAcquire());
    if (touch) sum += frame.data[100];
    made += bytes() - before;
    frame.release();
    left += bytes() - before;
  }
  return { buffersMade: Math.round((made / one / queueLength) * 100) / 100, buffersLeft: Math.round(left / one) };
}

runChunk(task.measureMs / 4); // V8 compiles, memory is touched
await turn();
collections = 0;
const results = [];
for (let i = 0; i < chunks; i++) {
  results.push(runChunk(task.measureMs / chunks));
  await turn(); // collections are told at the loop's next turn
}
for (const frame of out.splice(0)) frame.release();
const frames = results.reduce((total, each) => total + each.frames, 0);
const sorted = results.map(({ ns }) => ns).sort((a, b) => a - b);
const counted = collections;
report({
  consumerNs: (sorted[chunks / 2 - 1] + sorted[chunks / 2]) / 2,
  frames,
  collections: counted,
  collectionsPerThousand: (counted * 1000) / frames,
  ...countBuffers(),
  sum,
});
producer.stop();
await stream.close();
