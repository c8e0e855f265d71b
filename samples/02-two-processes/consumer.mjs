// The consumer: always the newest frame, whatever was missed is counted. Start it before or after the producer.
import { openStream } from "edgestream";

const name = process.argv[2] ?? "sample-02";
const stream = await openStream(name, { mode: "mailbox", timeoutMs: 30_000 }); // waits for the stream to appear
console.log(`reading "${name}": ${stream.via.reason}`);
const consumer = await stream.connectConsumer();

let frames = 0;
let skipped = 0n;
for await (const frame of consumer) {
  const luma = frame.planes[0].data;
  if (luma[0] !== luma[luma.length - 1]) throw new Error(`frame ${frame.number} is torn`);
  frames++;
  skipped += frame.skipped;
}
console.log(`the producer ended: ${frames} frames read, ${skipped} skipped`);
await stream.close();
if (frames === 0) process.exitCode = 1;
