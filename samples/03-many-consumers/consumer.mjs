// One consumer of 03-many-consumers: node consumer.mjs <stream> <mode> <pause in ms>
import { setTimeout as sleep } from "node:timers/promises";
import { openStream } from "edgestream";

const [name, mode, pauseMs] = process.argv.slice(2);
const stream = await openStream(name, { mode, timeoutMs: 10_000 });
const consumer = await stream.connectConsumer();

let delivered = 0;
let skipped = 0n;
for await (const frame of consumer) {
  const expected = Number(frame.number & 0xffn);
  if (frame.data.some((byte) => byte !== expected)) throw new Error(`frame ${frame.number} is torn`);
  delivered++;
  skipped += frame.skipped;
  if (Number(pauseMs) > 0) await sleep(Number(pauseMs));
}
console.log(`${mode.padEnd(9)} delivered ${delivered}, skipped ${skipped}`);
await stream.close();
if (mode === "fifo" && skipped !== 0n) process.exitCode = 1;
