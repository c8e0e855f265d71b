/** The verbs in any order, awaited or all at once: every failure is a documented one, nothing stays open. */
import { readdirSync } from "node:fs";
import {
  type Consumer,
  type ConsumerOptions,
  createStream,
  type ErrorCode,
  openStream,
  type Producer,
  type ReadableFrame,
  type Stream,
  StreamError,
  type WritableFrame,
} from "edgestream";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { countFds, makeRuntimeDir, removeRuntimeDirs, until, within } from "../programs/child.ts";
import { frame, modes } from "./places.ts";

const bytes = new Uint8Array(64 * 16);
const soon = { timeoutMs: 3 };

/** What a run has made so far. `viewer` is `owner` in process, else a stream opened by its name over the socket. */
interface World {
  owner: Stream;
  viewer: Stream;
  producers: Producer[];
  consumers: Consumer[];
  written: WritableFrame[];
  read: ReadableFrame[];
}

interface Verb {
  /** `pick` chooses among what there is, and among options. */
  run(world: World, pick: number): unknown;
  /** What it may throw, as docs/errors.md and its own comment say. */
  codes: readonly ErrorCode[];
}

const one = <T>(among: readonly T[], pick: number): T | undefined => among[pick % Math.max(among.length, 1)];

function consumerOptions(pick: number): ConsumerOptions {
  const mode = one(modes, pick) ?? "mailbox";
  const held = { maxHeld: 1 + (pick % 3), reuse: pick % 2 === 0 };
  return mode === "fifo" ? { mode, ...held, fifoLength: 1 + (pick % 4), maxWaitMs: pick % 5 } : { mode, ...held };
}

const writing: readonly ErrorCode[] = ["ERR_TIMEOUT", "ERR_BAD_STATE", "ERR_BAD_STREAM", "ERR_RESOURCE_BUSY"];
const reading: readonly ErrorCode[] = ["ERR_BAD_STATE", "ERR_BAD_STREAM", "ERR_RESOURCE_BUSY"];
const connecting: readonly ErrorCode[] = ["ERR_BAD_STREAM", "ERR_RESOURCE_BUSY", "ERR_NOT_FOUND", "ERR_TIMEOUT"];

const verbs = {
  connectProducer: {
    codes: connecting,
    async run(world, pick) {
      const side = pick % 2 === 0 ? world.owner : world.viewer;
      world.producers.push(await side.connectProducer({ frame, timeoutMs: 500 }));
    },
  },
  connectConsumer: {
    codes: [...connecting, "ERR_REFUSED", "ERR_CLOSED"],
    async run(world, pick) {
      world.consumers.push(await world.viewer.connectConsumer({ ...consumerOptions(pick), timeoutMs: 500 }));
    },
  },
  producerAcquire: {
    codes: writing,
    async run(world, pick) {
      const slot = await one(world.producers, pick)?.acquire(soon);
      if (slot !== undefined) world.written.push(slot);
    },
  },
  post: {
    codes: [...writing, "ERR_BAD_PARAMETER"], // a slot of another producer, or one that is gone
    async run(world, pick) {
      const slot = one(world.written, pick);
      if (slot !== undefined) await one(world.producers, pick)?.post(slot, soon);
    },
  },
  discard: { codes: [], run: (world, pick) => one(world.written, pick)?.discard() },
  push: { codes: writing, run: (world, pick) => one(world.producers, pick)?.push(bytes, soon) },
  tryPush: { codes: writing, run: (world, pick) => one(world.producers, pick)?.tryPush(bytes) },
  acquire: {
    codes: reading,
    async run(world, pick) {
      const picture = await one(world.consumers, pick)?.acquire(soon);
      if (picture !== undefined) world.read.push(picture);
    },
  },
  tryAcquire: {
    codes: reading,
    run(world, pick) {
      const picture = one(world.consumers, pick)?.tryAcquire({ newOnly: pick % 2 === 0 }).frame;
      if (picture !== undefined) world.read.push(picture);
    },
  },
  next: {
    codes: reading,
    run: async (world, pick) => (await one(world.consumers, pick)?.next(soon))?.frame?.release(),
  },
  look: {
    codes: [],
    run(world, pick) {
      const picture = one(world.read, pick);
      if (picture !== undefined) expect(picture.data.byteLength).toBe(picture.released ? 0 : bytes.byteLength);
    },
  },
  release: { codes: [], run: (world, pick) => one(world.read, pick)?.release() },
  evict: {
    codes: ["ERR_BAD_STREAM", "ERR_BAD_PARAMETER"],
    run: (world, pick) => one(world.producers, pick)?.evict(one(world.consumers, pick)?.connection ?? 0n, "test"),
  },
  stats: {
    codes: [],
    run(world) {
      world.viewer.stats();
      for (const { posted, delivered, skipped, discarded, waiting } of world.consumers.map((each) => each.stats())) {
        expect(delivered + skipped + discarded + waiting).toBe(posted);
      }
    },
  },
  info: {
    codes: ["ERR_TIMEOUT", "ERR_BAD_STREAM", "ERR_NOT_FOUND", "ERR_CLOSED"],
    run: (world) => world.viewer.info(soon),
  },
  updateInfo: {
    codes: ["ERR_BAD_STATE", "ERR_BAD_STREAM"],
    run: (world, pick) => one(world.producers, pick)?.updateInfo({ title: `${pick}` }),
  },
  attributes: {
    codes: ["ERR_BAD_STATE", "ERR_BAD_STREAM"],
    run(world, pick) {
      const consumer = one(world.consumers, pick);
      consumer?.query("producerFrame");
      consumer?.set("consumerLatencyUsec", pick);
    },
  },
  closeInput: { codes: ["ERR_TIMEOUT"], run: (world, pick) => one(world.producers, pick)?.closeInput(soon) },
  stop: { codes: [], run: (world, pick) => (pick % 2 === 0 ? one(world.producers, pick) : world.viewer)?.stop() },
  closeConsumer: { codes: [], run: (world, pick) => one(world.consumers, pick)?.close() },
  closeProducer: { codes: [], run: (world, pick) => one(world.producers, pick)?.close() },
  closeViewer: { codes: [], run: (world) => world.viewer.close() },
  closeOwner: { codes: [], run: (world) => world.owner.close() },
} satisfies Record<string, Verb>;

type VerbName = keyof typeof verbs;

/** Frames are moved often, ends come seldom: else most runs are over before they have begun. */
const names = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom<VerbName>("push", "acquire", "connectConsumer", "release", "next") },
  { weight: 3, arbitrary: fc.constantFrom<VerbName>("producerAcquire", "post", "tryPush", "tryAcquire", "look") },
  { weight: 1, arbitrary: fc.constantFrom(...(Object.keys(verbs) as VerbName[])) },
);
const steps = fc.array(fc.record({ name: names, pick: fc.nat(11), awaited: fc.boolean() }), {
  minLength: 10,
  maxLength: 40,
});

/** Runs one verb; what it throws must be documented. */
async function perform(world: World, name: VerbName, pick: number): Promise<void> {
  const verb: Verb = verbs[name];
  try {
    await verb.run(world, pick);
  } catch (error) {
    if (!(error instanceof StreamError)) throw error;
    if (!verb.codes.includes(error.code)) throw new Error(`${name} threw ${error.code}`, { cause: error });
  }
}

async function runAll(overSocket: boolean, order: readonly { name: VerbName; pick: number; awaited: boolean }[]) {
  const runtimeDir = makeRuntimeDir();
  const owner = await createStream({ name: "any", runtimeDir, frame });
  const viewer = overSocket ? await openStream("any", { runtimeDir }) : owner;
  const world: World = { owner, viewer, producers: [], consumers: [], written: [], read: [] };
  await perform(world, "connectProducer", 0);
  const running: Promise<void>[] = [];
  for (const { name, pick, awaited } of order) {
    const done = perform(world, name, pick);
    running.push(done);
    if (awaited) await done.catch(() => {}); // told below
  }
  try {
    await within("every verb settles", Promise.all(running));
  } finally {
    await viewer.close();
    await owner.close();
  }
  for (const end of [...world.producers, ...world.consumers]) expect(end.closed).toBe(true);
  for (const picture of [...world.read, ...world.written]) expect(picture.released).toBe(true);
  expect(readdirSync(runtimeDir)).toEqual([]);
}

afterAll(removeRuntimeDirs);

test.each([
  { place: "in process", overSocket: false },
  { place: "over the socket", overSocket: true },
])("$place: verbs in any order fail only as documented, and leave nothing open", async ({ overSocket }) => {
  await runAll(overSocket, []); // what is opened once and stays
  const before = countFds();
  await fc.assert(
    fc.asyncProperty(steps, (order) => runAll(overSocket, order)),
    { numRuns: 100, interruptAfterTimeLimit: 8_000 },
  );
  await until("all descriptors are closed", () => countFds() <= before);
});
