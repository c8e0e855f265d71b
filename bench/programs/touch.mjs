/**
 * A consumer of the pipeline run: looks at one byte of each frame, so that every frame is mapped and read.
 * argv[2]: { name, mode }. Says "first" when frames come, and reports when the stream has ended.
 */
import { openStream } from "edgestream";
import { report } from "./clock.mjs";

const task = JSON.parse(process.argv[2]);
const stream = await openStream(task.name, { mode: task.mode, timeoutMs: 30_000 });
const consumer = await stream.connectConsumer();
let frames = 0;
let missing = 0n;
let sum = 0;
let first;
let last;
for await (const frame of consumer) {
  sum += frame.data[0];
  // Counted by the frames' own numbers, not by the counters of the library that is being measured.
  if (last !== undefined) missing += frame.number - last - 1n;
  else report({ first: Number(frame.number) });
  first ??= frame.number;
  last = frame.number;
  frames++;
}
const { posted, delivered, skipped, discarded, cause } = consumer.stats();
await stream.close();
report({
  frames,
  missing: Number(missing),
  firstNumber: Number(first ?? 0n),
  lastNumber: Number(last ?? 0n),
  posted: Number(posted),
  delivered: Number(delivered),
  skipped: Number(skipped),
  discarded: Number(discarded),
  cause,
  sum,
});
