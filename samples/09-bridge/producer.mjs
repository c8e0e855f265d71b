// The other host: a producer that is reached over TCP only. 100 frames a second, until it says that there are no more.
import { setTimeout as sleep } from "node:timers/promises";
import { createStream } from "edgestream";

const place = process.argv[2] ?? "tcp://127.0.0.1:8889";
const picture = { format: "NV12", width: 640, height: 360 };
const stream = await createStream({ name: "sample-09", frame: picture, listen: [place], whenNoConsumer: "wait" });
const producer = await stream.connectProducer();
console.log(`streaming at ${stream.addresses[0]}`);

for (let number = 1; number <= 300; number++) {
  const frame = await producer.acquire();
  frame.planes[0].data.fill(number & 0xff); // luma
  frame.planes[1].data.fill(0x80); // chroma: no colour
  await producer.post(frame, { pts: BigInt(number) * 10_000_000n });
  await sleep(10);
}
await producer.closeInput();
const { connections } = producer.stats();
console.log(`done; consumers at the end: ${connections.length}`);
await stream.close();
