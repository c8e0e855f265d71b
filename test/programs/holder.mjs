/**
 * A consumer that takes one frame and keeps it. One JSON argument: { name, open?, consumer? }. Says held, with a hash
 * of the frame's mapped bytes; at each line on its stdin looks again: hash, cause and reason. Ends only when killed.
 */
import { createHash } from "node:crypto";
import { createInterface } from "node:readline";
import { openStream } from "edgestream";

const { name, open = {}, consumer: options = {} } = JSON.parse(process.argv[2] ?? "{}");
const stream = await openStream(name, open);
const consumer = await stream.connectConsumer(options);
const frame = await consumer.acquire();

function say(kind) {
  const hash = createHash("sha256").update(frame.data).digest("hex");
  const { cause, reason } = consumer;
  const fields = { hash, number: String(frame.number), connection: String(consumer.connection), cause, reason };
  process.stdout.write(`${JSON.stringify({ kind, ...fields })}\n`);
}

say("held");
createInterface({ input: process.stdin }).on("line", () => say("look"));
