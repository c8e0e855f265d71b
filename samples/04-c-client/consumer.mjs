// A Node consumer of the C producer: every frame in order, every pixel checked.
import { openStream } from "edgestream";
import { wrongPixels } from "./pattern.mjs";

const name = process.argv[2] ?? "sample-04";
const expected = Number(process.argv[3] ?? 300);
const stream = await openStream(name, { mode: "fifo", fifoLength: 4, timeoutMs: 30_000 });
const consumer = await stream.connectConsumer();

let frames = 0;
let wrong = 0;
let shape = "";
for await (const frame of consumer) {
  frames++;
  wrong += wrongPixels(frame.planes, Number(frame.number));
  shape = `${frame.format} ${frame.width}x${frame.height}`;
}
console.log(`node consumer: ${frames} frames of ${shape}, ${wrong} wrong pixels`);
await stream.close();
if (frames !== expected || wrong !== 0) process.exitCode = 1;
