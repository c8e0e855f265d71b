// The producer: 100 frames, whichever side listens. Start it before or after the consumer.
import { createStream, openStream } from "edgestream";

const [way = "listen", place = "tcp://127.0.0.1:8888"] = process.argv.slice(2);
const name = "sample-08";
const picture = { format: "NV12", width: 640, height: 360 };
const stream =
  way === "listen"
    ? await createStream({ name, frame: picture, listen: [place], whenNoConsumer: "wait" })
    : await openStream(`${place}/${name}`, { timeoutMs: 30_000 }); // waits for the listener to appear
const producer = await stream.connectProducer({ frame: picture });
console.log(`streaming "${name}", ${way}: ${stream.via.reason}`);

for (let number = 1; number <= 100; number++) {
  const frame = await producer.acquire();
  frame.planes[0].data.fill(number); // luma
  frame.planes[1].data.fill(0x80); // chroma: no colour
  await producer.post(frame, { pts: BigInt(number) * 40_000_000n });
}
await producer.closeInput(); // until the other partition has taken the last one
console.log("done");
await stream.close();
