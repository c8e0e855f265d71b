/**
 * A consumer that checks every frame it gets, whole: number, mark and CRC; and once more before it lets go of it.
 * One JSON argument: { name, open?, consumer?, count?, sleepMs?, hold?, check?, paint?, marked? }. Says connected,
 * first, done; with `reconnect` also disconnected and reconnected; with `marked` also life.
 * `marked`: a frame is what its mark says, for behind a bridge a producer's lives have one numbering.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { openStream } from "edgestream";
import { numberIn, Pattern } from "./pattern.mjs";

const order = JSON.parse(process.argv[2] ?? "{}");
const {
  name,
  open = {},
  consumer: options = {},
  count = 0,
  sleepMs = 0,
  hold = 0,
  check = true,
  paint = "noise",
  marked = false,
} = order;
let lastMark = 0n;
const report = { frames: 0, torn: 0, misnumbered: 0, skipped: 0n, gaps: 0, unaccounted: 0n, first: 0n, last: 0n };
const held = [];
let pattern;

function say(kind, fields = {}) {
  const plain = (_key, value) => (typeof value === "bigint" ? String(value) : value);
  process.stdout.write(`${JSON.stringify({ kind, ...fields }, plain)}\n`);
}

function isWhole(frame) {
  if (pattern?.size !== frame.data.byteLength) pattern = new Pattern(frame.data.byteLength, paint);
  return pattern.matches(frame.data, marked ? numberIn(frame.metadata) : frame.number);
}

/** A producer's next life begins with 1 again; within a life marks go up. */
function noteMark(mark) {
  if (mark <= lastMark) say("life", { mark });
  lastMark = mark;
}

function note(frame) {
  if (report.frames === 0) {
    report.first = frame.number;
    say("first", { number: frame.number });
  } else {
    const missing = frame.number - report.last - 1n;
    if (missing !== 0n) report.gaps++;
    report.unaccounted += missing - frame.skipped;
  }
  report.frames++;
  report.skipped += frame.skipped;
  report.last = frame.number;
  if (marked) noteMark(numberIn(frame.metadata));
  else if (check && numberIn(frame.metadata) !== frame.number) report.misnumbered++;
}

/** A frame that changes while it is held counts as torn, once. */
async function use(frame) {
  note(frame);
  let whole = !check || isWhole(frame);
  if (sleepMs > 0) {
    await sleep(sleepMs);
    whole &&= !check || isWhole(frame);
  }
  if (!whole) report.torn++;
}

/** Keeps the newest `hold` frames leased, always. */
async function keepSome(consumer) {
  for (;;) {
    const { status, frame } = await consumer.next();
    if (status !== "ok") return;
    await use(frame);
    held.push(frame);
    if (held.length > hold) held.shift().release();
    if (report.frames === count) return;
  }
}

async function readAll(consumer) {
  for await (const frame of consumer) {
    await use(frame);
    if (report.frames === count) return;
  }
}

function tellOfComebacks(consumer) {
  consumer.on("statechange", ({ newState }) => {
    if (newState === "disconnected") say("disconnected", { cause: consumer.cause });
  });
  consumer.on("reconnected", (event) => say("reconnected", event));
}

let end = "ended";
let consumer;
try {
  const stream = await openStream(name, open);
  consumer = await stream.connectConsumer(options);
  if (open.reconnect) tellOfComebacks(consumer);
  say("connected", { pid: process.pid, connection: consumer.connection, via: stream.via });
  await (hold > 0 ? keepSome(consumer) : readAll(consumer));
} catch (error) {
  end = error.code ?? String(error);
  say("error", { code: error.code, message: error.message });
}
const stats = consumer?.stats();
say("done", { ...report, end, cause: stats?.cause, stats });
await consumer?.close();
