// A Node producer for the C consumer: frames of the pattern, the first one waits until somebody is connected.
import { createStream } from "edgestream";
import { fill, frame } from "./pattern.mjs";

const name = process.argv[2] ?? "sample-04";
const count = Number(process.argv[3] ?? 300);
const stream = await createStream({ name, frame, whenNoConsumer: "wait" });
const producer = await stream.connectProducer();

for (let number = 1; number <= count; number++) {
  const slot = await producer.acquire();
  fill(slot.planes, number);
  await producer.post(slot, { pts: BigInt(number) * 40_000_000n, timeoutMs: 30_000 });
}
await producer.closeInput();
console.log(`node producer: ${count} frames of ${frame.format} ${frame.width}x${frame.height}`);
await stream.close();
