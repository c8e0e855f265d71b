/** How a process ends: { story, name, wait }. Says "ready" when it has done what the story starts with. */
import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { createStream, openStream } from "edgestream";

const { story, name, wait = "event" } = JSON.parse(process.argv[2] ?? "{}");
const frame = { format: "GRAY8", width: 64, height: 16 };
const picture = new Uint8Array(64 * 16);
const say = (kind, fields = {}) => process.stdout.write(`${JSON.stringify({ kind, ...fields })}\n`);

async function bothEnds() {
  const stream = await createStream({ name, frame, mode: "fifo" });
  const consumer = await stream.connectConsumer();
  const producer = await stream.connectProducer();
  await producer.push(picture);
  await consumer.acquire();
  return { stream, consumer, producer };
}

const stories = {
  /** Everything closed: nothing keeps the process alive. */
  async close() {
    const { stream } = await bothEnds();
    await stream.close();
    say("ready");
  },
  /** Closing the ends one by one does as well. */
  async "close-each"() {
    const { stream, consumer, producer } = await bothEnds();
    await consumer.close();
    await producer.close();
    await stream.close();
    say("ready");
  },
  /** Nobody listens and nobody waits: forgetting to close is no reason to stay. */
  async forget() {
    const stream = await createStream({ frame });
    await stream.connectConsumer();
    const producer = await stream.connectProducer();
    await producer.push(picture);
    say("ready");
  },
  /** A listening stream keeps the process alive. */
  async listen() {
    await bothEnds();
    say("ready");
  },
  /** ... unless it was told not to. */
  async "listen-unref"() {
    const { stream } = await bothEnds();
    stream.unref();
    say("ready");
  },
  /** A pending acquire keeps the process alive. */
  async wait() {
    const stream = await openStream(name, { wait });
    const consumer = await stream.connectConsumer();
    void consumer.next();
    say("ready");
  },
  /** ... unless it was told not to. */
  async "wait-unref"() {
    const stream = await openStream(name, { wait });
    const consumer = await stream.connectConsumer();
    consumer.unref();
    void consumer.next();
    say("ready");
  },
  /** Whoever listens for frames stays as long as any can come. */
  async "listen-frames"() {
    const stream = await openStream(name);
    const consumer = await stream.connectConsumer({ mode: "fifo" });
    consumer.on("frame", () => {
      while (consumer.tryAcquire({ newOnly: true }).status === "ok");
    });
    say("ready");
  },
  /** Out in the middle, with a frame held, one being written and an acquire pending. */
  async exit() {
    const { producer } = await bothEnds();
    const slot = await producer.acquire();
    slot.data.fill(1);
    const other = await openStream(name);
    const consumer = await other.connectConsumer({ mode: "mailbox" });
    void consumer.next();
    const stream = await openStream(`${name}-outside`);
    const reader = await stream.connectConsumer({ mode: "fifo", maxHeld: 3 });
    for await (const { number } of reader) {
      if (number < 20n) continue;
      say("ready");
      process.exit(7);
    }
  },
  /** A consumer that starts a program, which outlives it. */
  async spawn() {
    const stream = await openStream(name);
    const consumer = await stream.connectConsumer({ mode: "fifo", maxHeld: 2 });
    await consumer.acquire();
    const child = spawn("sleep", ["120"], { stdio: "ignore", detached: true });
    child.unref();
    say("ready", { pid: child.pid });
    await sleep(120_000);
  },
};

await stories[story]();
