// Stands for a window on a screen: it shows every frame it can, and when it falls behind it is told how far.
import { openStream } from "edgestream";
import { reportAndClose } from "./report.mjs";

const stream = await openStream(process.argv[2], { mode: "broadcast", client: "viewer", timeoutMs: 10_000 });
const consumer = await stream.connectConsumer();
let frames = 0;
let skipped = 0n;
let flashes = 0;
for await (const frame of consumer) {
  // Looks at one pixel in the middle, straight in the memory that the producer filled.
  const { data, stride, width, height } = frame.planes[0];
  if (data[(height >> 1) * stride + (width >> 1)] > 200) flashes += 1;
  frames += 1;
  skipped += frame.skipped;
}
await reportAndClose(stream, consumer, { frames, skipped: Number(skipped), flashes });
