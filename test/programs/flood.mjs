// One end of a flood: { role: "producer" | "consumer", name, mode, count }.
// Frames are posted as fast as they are taken.
import { createStream, openStream } from "edgestream";

const { role, name, mode, count } = JSON.parse(process.argv[2]);
const say = (line) => console.log(JSON.stringify(line));

if (role === "producer") {
  const stream = await createStream({ name, frame: { format: "GRAY8", width: 64, height: 64 } });
  const causes = [];
  stream.on("disconnected", ({ cause }) => causes.push(cause));
  const producer = await stream.connectProducer();
  await new Promise((resolve) => stream.once("connected", resolve));
  for (let number = 1; number <= count; number++) {
    await producer.post(await producer.acquire());
    // Nothing here ever waits for the loop with a mailbox, and hand-shakes and deaths are its business.
    if (number % 256 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await producer.closeInput();
  await stream.close();
  say({ kind: "done", causes });
} else {
  const stream = await openStream(name, { mode, timeoutMs: 30_000 });
  const consumer = await stream.connectConsumer();
  let last = 0n;
  let ordered = true;
  for await (const frame of consumer) {
    ordered &&= frame.number === last + frame.skipped + 1n;
    last = frame.number;
  }
  const { cause, posted, delivered, skipped, discarded } = consumer.stats();
  say({ kind: "done", cause, ordered, last: Number(last), rest: Number(posted - delivered - skipped - discarded) });
  await stream.close();
}
