// The producer: 100 frames a second of a grey picture that gets brighter, until nobody needs it any more.
import { setTimeout as sleep } from "node:timers/promises";
import { createStream } from "edgestream";

const name = process.argv[2] ?? "sample-02";
const count = Number(process.argv[3] ?? 300);
const stream = await createStream({ name, frame: { format: "NV12", width: 640, height: 360 } });
stream.on("connected", ({ connection }) => console.log("consumer", connection, "came"));
const producer = await stream.connectProducer();
console.log(`streaming "${name}": ${stream.via.reason}`);

for (let number = 1; number <= count; number++) {
  const frame = await producer.acquire();
  frame.planes[0].data.fill(number & 0xff); // luma
  frame.planes[1].data.fill(0x80); // chroma: no colour
  await producer.post(frame, { pts: BigInt(number) * 10_000_000n });
  await sleep(10);
}
await producer.closeInput();
console.log("done");
await stream.close();
