// The consumer: every frame, whichever side listens. Start it before or after the producer.
import { createStream, openStream } from "edgestream";

const [way = "dial", place = "tcp://127.0.0.1:8888"] = process.argv.slice(2);
const name = "sample-08";
const stream =
  way === "listen"
    ? await createStream({ name, mode: "fifo", listen: [place] })
    : await openStream(`${place}/${name}`, { mode: "fifo", timeoutMs: 30_000 }); // waits for the listener to appear
const consumer = await stream.connectConsumer();
console.log(`reading "${name}", ${way}: ${stream.via.reason}`);

let frames = 0;
for await (const frame of consumer) {
  frames++;
  const luma = frame.planes[0].data;
  if (luma[0] !== frames || luma[luma.length - 1] !== frames) throw new Error(`frame ${frame.number} is not whole`);
}
console.log(`the producer ended: ${frames} frames read`);
await stream.close();
if (frames !== 100) process.exitCode = 1;
