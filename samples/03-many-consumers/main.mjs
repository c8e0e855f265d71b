// One producer, three consumers with three modes, each in a process of its own. The slow one harms nobody.
import { fork } from "node:child_process";
import { once } from "node:events";
import { createStream } from "edgestream";

const COUNT = 120;
const CONSUMERS = [
  { mode: "fifo", pauseMs: 0 }, // every frame, in order
  { mode: "mailbox", pauseMs: 50 }, // the newest there is, slowly
  { mode: "broadcast", pauseMs: 15 }, // a window of eight frames
];

const name = `sample-03-${process.pid}`;
const stream = await createStream({ name, frame: { format: "GRAY8", width: 320, height: 240 } });
const producer = await stream.connectProducer();

let connected = 0;
const allConnected = new Promise((resolve) => {
  stream.on("connected", () => ++connected === CONSUMERS.length && resolve());
});
const children = CONSUMERS.map(({ mode, pauseMs }) =>
  fork(new URL("./consumer.mjs", import.meta.url), [name, mode, String(pauseMs)]),
);
const exits = children.map((child) => once(child, "exit"));
await allConnected;

for (let number = 1; number <= COUNT; number++) {
  const frame = await producer.acquire();
  frame.data.fill(number);
  await producer.post(frame);
  await new Promise((resolve) => setTimeout(resolve, 10));
}
await producer.closeInput();
const codes = (await Promise.all(exits)).map(([code]) => code);
await stream.close();
process.exitCode = codes.every((code) => code === 0) ? 0 : 1;
