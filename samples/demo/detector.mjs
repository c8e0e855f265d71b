// Stands for a neural network that needs two frame times per picture. Its mailbox always has the newest frame.
import { setTimeout as sleep } from "node:timers/promises";
import { openStream } from "edgestream";
import { reportAndClose } from "./report.mjs";

const stream = await openStream(process.argv[2], { mode: "mailbox", client: "detector", timeoutMs: 10_000 });
const consumer = await stream.connectConsumer();
let frames = 0;
let skipped = 0n;
for await (const frame of consumer) {
  await sleep(66);
  // The lease lasts until the next turn: however long this took, the picture is the one that was acquired.
  if (frame.data.length !== frame.size) throw new Error("the lease ended too early");
  frames += 1;
  skipped += frame.skipped;
}
await reportAndClose(stream, consumer, { frames, skipped: Number(skipped) });
