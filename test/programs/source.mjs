/**
 * A producer that takes orders: in this process, or as a child over its IPC channel. The same code either way, so that
 * a test says once what it expects of both distances.
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { createStream, openStream } from "edgestream";
import { markOf, Pattern } from "./pattern.mjs";

const eventNames = [
  "statechange",
  "connected",
  "disconnected",
  "evicted",
  "stalled",
  "recovered",
  "lagged",
  "heldTooLong",
  "refused",
  "info",
  "formatchange",
];

export class Source {
  stream;
  producer;
  #events = [];
  #pattern;
  #number = 0n;
  #held = new Map();
  #lastHandle = 0;
  #halted = false;
  #kind = "noise";

  async create(options) {
    this.stream = await createStream(options);
    this.#listen(this.stream, "stream");
    return this.stream.state;
  }

  /** Creates at a moment of the monotonic clock, so that two processes can do it in the same one. */
  async createAt(at, options) {
    while (process.hrtime.bigint() < at);
    await this.create(options);
  }

  async open(name, options) {
    this.stream = await openStream(name, options);
  }

  async connect(options) {
    this.producer = await this.stream.connectProducer(options);
    this.#listen(this.producer, "producer");
    return this.state();
  }

  /** Listens for an event that is told only while someone listens. */
  listenFor(name) {
    this.#listenTo(this.stream, "stream", name);
    if (this.producer !== undefined) this.#listenTo(this.producer, "producer", name);
  }

  ignore(name) {
    this.stream.removeAllListeners(name);
    this.producer.removeAllListeners(name);
  }

  /** Posts `count` marked pictures, one after the other; the numbers they got. */
  async post(count = 1, options = {}) {
    const numbers = [];
    for (let index = 0; index < count; index++) {
      const frame = await this.producer.acquire(options);
      const { metadata } = this.#paint(frame);
      try {
        numbers.push(await this.producer.post(frame, { metadata, ...options }));
      } catch (error) {
        frame.discard();
        this.#number--;
        throw error;
      }
    }
    return numbers;
  }

  /** Streams `frames` marked pictures at `fps` (0: as fast as they go), until `halt()`. */
  async run(frames, fps = 0) {
    const started = performance.now();
    let posted = 0;
    for (; posted < frames && !this.#halted; posted++) {
      const aheadMs = fps === 0 ? 0 : started + (posted * 1000) / fps - performance.now();
      // Even a late producer lets its loop turn: that is where dead consumers are noticed.
      if (aheadMs >= 1) await sleep(aheadMs);
      else await nextTurn();
      const frame = await this.producer.acquire();
      const { metadata, number } = this.#paint(frame);
      const got = await this.producer.post(frame, { metadata, pts: number * 1000n });
      if (got !== number) throw new Error(`frame ${number} was given the number ${got}`);
    }
    const seconds = (performance.now() - started) / 1000;
    return { frames: posted, seconds, fps: posted / seconds };
  }

  /** The event loop stands still. */
  block(ms) {
    for (const end = performance.now() + ms; performance.now() < end; );
  }

  /** The number of the first frame that a consumer in this process gets of another stream. */
  async readOne(name, options) {
    const stream = await openStream(name, options);
    try {
      const consumer = await stream.connectConsumer();
      return (await consumer.acquire(options)).number;
    } finally {
      await stream.close();
    }
  }

  /** What the pictures look like, see pattern.mjs. */
  paint(kind) {
    this.#kind = kind;
    this.#pattern = undefined;
  }

  halt() {
    this.#halted = true;
  }

  async push(bytes, options) {
    const number = await this.producer.push(bytes, options);
    this.#number = number;
    return number;
  }

  evict(connection, reason) {
    this.producer.evict(connection, reason);
  }

  tryPush(bytes, options) {
    const result = this.producer.tryPush(bytes, options);
    if (result.status === "ok") this.#number = result.number;
    return result;
  }

  /** A slot that stays out; the answer names it. */
  async acquire(options) {
    const frame = await this.producer.acquire(options);
    this.#held.set(++this.#lastHandle, frame);
    return this.#lastHandle;
  }

  async postHeld(handle, options = {}) {
    const frame = this.#held.get(handle);
    const { metadata } = this.#paint(frame);
    try {
      return await this.producer.post(frame, { metadata, ...options });
    } catch (error) {
      this.#number--;
      throw error;
    }
  }

  tryPostHeld(handle) {
    const frame = this.#held.get(handle);
    const { metadata } = this.#paint(frame);
    const result = this.producer.tryPost(frame, { metadata });
    if (result.status !== "ok") this.#number--;
    return result;
  }

  /** Posts with a signal that aborts after `ms`. */
  async postHeldAborted(handle, ms) {
    return this.postHeld(handle, { signal: AbortSignal.timeout(ms) });
  }

  heldInfo(handle) {
    const frame = this.#held.get(handle);
    return { released: frame.released, length: frame.data.byteLength };
  }

  discardHeld(handle) {
    this.#held.get(handle).discard();
  }

  reset(on = "producer") {
    this[on].reset();
  }

  pause() {
    this.producer.pause();
  }

  resume() {
    this.producer.resume();
  }

  setMetadata(block, offset, bytes) {
    this.producer.setMetadata(block, offset, bytes);
  }

  setUserInfo(info) {
    this.producer.setUserInfo(info);
  }

  updateInfo(info) {
    this.producer.updateInfo(info);
  }

  info(on = "producer") {
    return this[on].info();
  }

  consumers() {
    return this.producer.consumers;
  }

  query(name) {
    return this.stream.query(name);
  }

  setAttribute(name, value) {
    this.stream.set(name, value);
  }

  userInfoOf(connection) {
    return this.producer.userInfoOf(connection);
  }

  flush(options) {
    return this.producer.flush(options);
  }

  /** Whoever consumes over the network has heard everything; posts that wait are not waited for. */
  async flushLinks() {
    await this.stream.flushLinks();
  }

  reconfigure(frame) {
    return this.producer.reconfigure(frame);
  }

  layout() {
    return this.producer.layout;
  }

  closeInput(options) {
    return this.producer.closeInput(options);
  }

  stop() {
    return this.stream.stop();
  }

  closeProducer() {
    return this.producer.close();
  }

  close() {
    return this.stream.close();
  }

  state() {
    return this.stream.state;
  }

  /** Where it is found over the network. */
  addresses() {
    return [...this.stream.addresses];
  }

  stats() {
    return this.producer.stats();
  }

  /** Everything that was announced so far, with the monotonic time it was seen at. */
  events() {
    return this.#events;
  }

  /** What this process has open and holds. */
  resources() {
    const maps = readFileSync("/proc/self/maps", "utf8").split("\n");
    const rssAnon = /RssAnon:\s+(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"));
    globalThis.gc?.();
    return {
      fds: readdirSync("/proc/self/fd").length,
      poolFds: countPoolFds(),
      pools: maps.filter((line) => line.includes("memfd:edgestream-pool")).length,
      seatPages: maps.filter((line) => line.includes("memfd:edgestream-seat")).length,
      rssAnonBytes: Number(rssAnon?.[1] ?? 0) * 1024,
      heapBytes: process.memoryUsage().heapUsed,
    };
  }

  #paint(frame) {
    const number = ++this.#number;
    if (this.#pattern === undefined || this.#pattern.size !== frame.data.byteLength) {
      this.#pattern = new Pattern(frame.data.byteLength, this.#kind);
    }
    frame.data.set(this.#pattern.picture(number));
    return { number, metadata: markOf(number) };
  }

  #listen(emitter, from) {
    for (const name of eventNames) this.#listenTo(emitter, from, name);
  }

  #listenTo(emitter, from, name) {
    emitter.on(name, (event) => this.#events.push({ name, from, at: process.hrtime.bigint(), ...event }));
  }
}

/** Descriptors of pool objects. One that is closed while we look is none. */
function countPoolFds() {
  return readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).includes("memfd:edgestream-pool");
    } catch {
      return false;
    }
  }).length;
}

/** Only what travels: an error of ours keeps its code and reason. */
function describe(error) {
  return { message: error.message, code: error.code, reason: error.reason, stack: error.stack };
}

function serve(source) {
  process.on("message", async ({ id, method, args }) => {
    try {
      process.send({ id, value: await source[method](...args) });
    } catch (error) {
      process.send({ id, error: describe(error) });
    }
  });
  // The test is gone: nobody will ever say close().
  process.on("disconnect", () => process.exit(0));
  process.send({ ready: true });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href && process.send) serve(new Source());
