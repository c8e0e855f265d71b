/**
 * A mailbox consumer that sleeps before each frame. One JSON argument: { name, open, consumer?, sleepMs, count }. Says
 * for each frame: its number, how old it is, whether it is whole, and whether it was posted after the sleep had begun;
 * then done.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { openStream } from "edgestream";
import { numberIn, Pattern } from "./pattern.mjs";

const { name, open, consumer: options = {}, sleepMs, count } = JSON.parse(process.argv[2] ?? "{}");
const stream = await openStream(name, open);
const consumer = await stream.connectConsumer({ mode: "mailbox", ...options });

function say(kind, fields) {
  const plain = (_key, value) => (typeof value === "bigint" ? String(value) : value);
  process.stdout.write(`${JSON.stringify({ kind, ...fields }, plain)}\n`);
}

say("connected", { via: stream.via });
(await consumer.acquire()).release();
let pattern;
for (let taken = 0; taken < count; taken++) {
  const began = process.hrtime.bigint();
  await sleep(sleepMs);
  const frame = await consumer.acquire();
  pattern ??= new Pattern(frame.data.byteLength);
  const { posted, acquired } = frame.timestamps;
  const isWhole = numberIn(frame.metadata) === frame.number && pattern.matches(frame.data, frame.number);
  const ageMs = Number(acquired - posted) / 1e6;
  say("frame", { number: frame.number, ageMs, isWhole, isFresh: posted > began });
  frame.release();
}
say("done", { stats: consumer.stats() });
await consumer.close();
await stream.close();
