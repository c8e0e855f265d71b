/**
 * One side of a ping-pong between two processes: two streams, one in each direction, frames of 64 bytes.
 * argv[2]: { own, peer, serves, wait, asks, warmUpTrips, roundTrips }; the side that serves hits first; wait = how the
 * consumer waits, the default if left out; asks = by tryAcquire() over and over, instead of `for await`: Node's loop
 * stands still meanwhile.
 *
 * Two one-way times per hit: from before the sender's post() was called (what an application waits), and from the
 * stamp that the core puts on the frame (the wake-up alone). Both end where the consumer's loop body begins.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { createStream, openStream } from "edgestream";
import { nowNs, report } from "./clock.mjs";

const task = JSON.parse(process.argv[2]);
const ownStream = await createStream({ name: task.own, frame: { format: "bytes", width: 64 } });
const producer = await ownStream.connectProducer();
const peerStream = await openStream(task.peer, task.wait === undefined ? {} : { wait: task.wait });
const consumer = await peerStream.connectConsumer();
// A consumer in the middle of its hand-shake gets no frames yet.
while (producer.stats().connections[0]?.state !== "empty") await sleep(5);

const newOnly = { newOnly: true };
const trips = task.warmUpTrips + task.roundTrips;
const fromCallNs = new Float64Array(trips);
const fromStampNs = new Float64Array(trips);

function hit() {
  const { status, frame } = producer.tryAcquire();
  if (status !== "ok") throw new Error(`no slot: ${status}`);
  const posted = producer.tryPost(frame, { pts: nowNs() });
  if (posted.status !== "ok") throw new Error(`no place: ${posted.status}`);
}

let hits = 0;
/** true: that was the last one. */
function received(frame, now) {
  fromCallNs[hits] = Number(now - frame.pts);
  fromStampNs[hits] = Number(now - frame.timestamps.posted);
  hits++;
  if (hits < trips || !task.serves) hit();
  return hits === trips;
}

function ask() {
  for (let over = false; !over; ) {
    const { frame } = consumer.tryAcquire(newOnly);
    if (frame === undefined) continue;
    over = received(frame, nowNs());
    frame.release();
  }
}

if (task.serves) hit();
if (task.asks) ask();
else {
  for await (const frame of consumer) {
    if (received(frame, nowNs())) break;
  }
}

const kept = (samples) => Array.from(samples.subarray(task.warmUpTrips));
report({ fromCallNs: kept(fromCallNs), fromStampNs: kept(fromStampNs) });
await producer.closeInput();
await peerStream.close();
await ownStream.close();
