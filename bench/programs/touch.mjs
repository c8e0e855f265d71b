/**
 * A consumer of the pipeline run: looks at one byte of each frame, so that every frame is mapped and read.
 * argv[2]: { name, mode }. Says "first" when frames come, and reports when the stream has ended. It counts by the
 * frames' own numbers, not by the counters of the library that is being measured.
 */
import { openStream } from "edgestream";
import { report } from "./clock.mjs";

const task = JSON.parse(process.argv[2]);
const stream = await openStream(task.name, { mode: task.mode, timeoutMs: 30_000 });
const consumer = await stream.connectConsumer();
let frames = 0;
let missing = 0;
let sum = 0;
let first;
let last = 0;
let lastPosted = 0n;
for await (const frame of consumer) {
  sum += frame.data[0];
  const number = Number(frame.number);
  lastPosted = frame.timestamps.posted;
  if (first === undefined) {
    first = { number, posted: lastPosted };
    report({ first: number });
  } else missing += number - last - 1;
  last = number;
  frames++;
}
if (first === undefined) throw new Error("the stream ended without a frame");
const { posted, delivered, skipped, discarded, cause } = consumer.stats();
await stream.close();
report({
  frames,
  missing,
  firstNumber: first.number,
  lastNumber: last,
  fps: (last - first.number) / (Number(lastPosted - first.posted) / 1e9),
  posted: Number(posted),
  delivered: Number(delivered),
  skipped: Number(skipped),
  discarded: Number(discarded),
  cause,
  sum,
});
