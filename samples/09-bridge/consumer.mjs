// A local consumer like any other: it does not know that the producer is elsewhere, and its pixels are not copied.
import { openStream } from "edgestream";

const mode = process.argv[2] ?? "fifo";
const stream = await openStream("sample-09-here", { mode, timeoutMs: 30_000 }); // waits for the bridge to appear
const consumer = await stream.connectConsumer();
console.log(`reading: ${stream.via.reason}`);

let frames = 0;
for await (const frame of consumer) {
  const luma = frame.planes[0].data;
  if (luma[0] !== luma[luma.length - 1]) throw new Error(`frame ${frame.number} is torn`);
  frames++;
}
console.log(`${mode}: ${frames} frames read`);
await stream.close();
if (frames === 0) process.exitCode = 1;
