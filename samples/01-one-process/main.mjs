// One process, EGL style: a stream, its consumer, its producer, ten frames through a FIFO.
import { createStream } from "edgestream";

const stream = await createStream({
  mode: "fifo",
  fifoLength: 4,
  frame: { format: "GRAY8", width: 64, height: 48 },
});
const consumer = await stream.connectConsumer();
console.log("consumer connected:", consumer.state); // connecting
const producer = await stream.connectProducer();

async function produce() {
  for (let number = 1; number <= 10; number++) {
    const frame = await producer.acquire(); // a free slot: ours until it is posted
    frame.data.fill(number);
    await producer.post(frame, { pts: BigInt(number) * 40_000_000n }); // waits while four frames wait already
  }
  await producer.closeInput(); // no more frames: the consumer drains, then its loop ends
}

async function consume() {
  let sum = 0;
  for await (const frame of consumer) sum += frame.data[0]; // the lease ends at the next turn of the loop
  return sum;
}

const [sum] = await Promise.all([consume(), produce()]);
console.log("sum of first pixels:", sum); // 1 + 2 + … + 10 = 55
await stream.close();
if (sum !== 55) process.exitCode = 1;
