/** Posts and acquires `count` frames in one process; says what heap, memory and descriptors did. Wants --expose-gc. */
import { readdirSync, readFileSync } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";
import { createStream } from "edgestream";

const { count } = JSON.parse(process.argv[2] ?? "{}");
const countFds = () => readdirSync("/proc/self/fd").length;

async function measure() {
  for (let round = 0; round < 3; round++) {
    globalThis.gc();
    await nextTurn(); // finalizers run here
  }
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  const rssAnon = Number(/RssAnon:\s+(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"))[1]) * 1024;
  return { heapUsed, external, arrayBuffers, rssAnon, fds: countFds() };
}

const stream = await createStream({ frame: { format: "GRAY8", width: 32, height: 8 } });
const consumer = await stream.connectConsumer();
const producer = await stream.connectProducer();
let wrong = 0;

async function pairs(from, to) {
  for (let number = from; number < to; number++) {
    const slot = await producer.acquire();
    slot.data[0] = number;
    await producer.post(slot);
    const frame = await consumer.acquire();
    if (frame.data[0] !== (number & 255)) wrong++;
    // Some are released by hand, some by the next acquire.
    if (number % 2 === 0) frame.release();
    if (number % 256 === 0) await nextTurn();
  }
}

const measures = [];
const started = performance.now();
// The first quarter fills what the engine keeps for itself; a leak would grow in every one of them.
for (let quarter = 0; quarter < 4; quarter++) {
  await pairs((quarter * count) / 4, ((quarter + 1) * count) / 4);
  measures.push(await measure());
}
const seconds = (performance.now() - started) / 1000;
const { delivered } = consumer.stats();
const done = {
  kind: "done",
  wrong,
  delivered: Number(delivered),
  measures,
  pairsPerSecond: Math.round(count / seconds),
};
process.stdout.write(`${JSON.stringify(done)}\n`);
await stream.close();
