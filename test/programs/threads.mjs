/**
 * One process, two threads, one of which is ended in the middle.
 * { story: "stream" | "end-consumer" | "end-producer", name, frames }. Every thread has the addon to itself.
 */
import { once } from "node:events";
import { setImmediate as nextTurn } from "node:timers/promises";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { createStream, openStream } from "edgestream";
import { markOf, numberIn, Pattern } from "./pattern.mjs";

const frame = { format: "GRAY8", width: 320, height: 240 };
const order = isMainThread ? JSON.parse(process.argv[2] ?? "{}") : workerData;
const pattern = new Pattern(frame.width * frame.height);
const say = (kind, fields) => process.stdout.write(`${JSON.stringify({ kind, ...fields })}\n`);

async function produce(producer, frames) {
  for (let number = 1; number <= frames; number++) {
    const slot = await producer.acquire();
    slot.data.set(pattern.picture(number));
    await producer.post(slot, { metadata: markOf(number) });
    if (number % 64 === 0) await nextTurn();
  }
}

const inWorker = {
  async stream() {
    const stream = await createStream({ name: order.name, frame });
    const producer = await stream.connectProducer({ whenNoConsumer: "wait" });
    await produce(producer, order.frames);
    await producer.closeInput();
    await stream.close();
  },
  async "end-consumer"() {
    const stream = await openStream(order.name);
    const consumer = await stream.connectConsumer({ mode: "fifo", maxHeld: 2 });
    const held = await consumer.acquire();
    const pending = consumer.next();
    parentPort.postMessage({ holds: Number(held.number) });
    await pending;
  },
  async "end-producer"() {
    const stream = await createStream({ name: order.name, frame });
    const producer = await stream.connectProducer({ whenNoConsumer: "wait" });
    await produce(producer, 3);
    parentPort.postMessage({ posted: 3 });
    await new Promise(() => setInterval(() => {}, 1000));
  },
};

function startWorker() {
  return new Worker(new URL(import.meta.url), { workerData: order });
}

const inMain = {
  async stream() {
    const worker = startWorker();
    const stream = await openStream(order.name);
    const consumer = await stream.connectConsumer({ mode: "fifo" });
    let seen = 0;
    let wrong = 0;
    for await (const { number, skipped, data, metadata } of consumer) {
      seen++;
      const right = number === BigInt(seen) && skipped === 0n && numberIn(metadata) === number;
      if (!right || !pattern.matches(data, number)) wrong++;
    }
    await stream.close();
    const [code] = await once(worker, "exit");
    say("done", { seen, wrong, code });
  },
  async "end-consumer"() {
    const stream = await createStream({ name: order.name, frame });
    const producer = await stream.connectProducer({ whenNoConsumer: "wait" });
    const worker = startWorker();
    const gone = once(producer, "disconnected");
    await produce(producer, 1);
    await once(worker, "message");
    const held = Number(producer.stats().connections[0].held);
    const code = await worker.terminate();
    const [{ cause }] = await gone;
    const { pool, connections } = producer.stats();
    say("done", { held, code, cause, connections: connections.length, slotsMissing: pool.slots - pool.slotsFree });
    await stream.close();
  },
  async "end-producer"() {
    const worker = startWorker();
    const stream = await openStream(order.name);
    const consumer = await stream.connectConsumer({ mode: "fifo", maxHeld: 4 });
    await once(worker, "message");
    const first = await consumer.acquire();
    await worker.terminate();
    let drained = 0;
    let end = "ended";
    try {
      for await (const { data, number } of consumer) if (pattern.matches(data, number)) drained++;
    } catch (error) {
      end = error.code;
    }
    say("done", {
      drained,
      end,
      cause: consumer.stats().cause,
      heldIsWhole: pattern.matches(first.data, first.number),
    });
    await stream.close();
  },
};

await (isMainThread ? inMain : inWorker)[order.story]();
