/** The addon by itself: errors, pipes, views that die with their lease, and what happens when an environment ends. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type {
  NativeBinding,
  NativeConsumer,
  NativePolicy,
  NativeProducer,
  NativeStream,
} from "../../native/binding.ts";
import { Flow, FrameInfo, PostInfo } from "../../native/binding.ts";
import { loadBinding } from "../../native/load.ts";

const binding = loadBinding();
binding.start(
  () => {},
  () => {},
);

const policy: NativePolicy = {
  ...{ capacity: 2, whenFull: 0, pick: 0, onStall: 0, start: 0, onDisconnect: 0, noReuse: false },
  ...{ maxHeld: 1, maxWaitMs: -1, maxLag: 0, maxLagTotal: 0, label: "fifo" },
};
const streamOptions = { socketMode: 0, socketGroup: -1, strict: false, handshakesPerSecond: 0 };
const producerOptions = {
  format: { name: "GRAY8", width: 64, height: 48, timeBaseNum: 0, timeBaseDen: 0 },
  accept: {
    whenFullMask: 0,
    maxWaitCapacity: 0,
    maxHeld: 0,
    maxConsumers: 0,
    maxSlots: 0,
    maxWaitMs: 0,
    maxPoolBytes: 0,
    maxHoldMs: 0,
    onHeldTooLong: 0 as const,
    idleMs: 0,
  },
  ...{ maxWriting: 0, waitWithoutConsumer: false, unprotected: false, supportReset: false, slots: 0 },
};

interface Ends {
  stream: NativeStream;
  producer: NativeProducer;
  consumer: NativeConsumer;
}

/** A producer and a consumer that have met. They do so on the event loop. */
async function connect(maxHeld = 1): Promise<Ends> {
  const stream = binding.createStream(streamOptions);
  const producer = stream.connectProducer(producerOptions);
  const consumer = stream.connectConsumer({ policy: { ...policy, maxHeld }, formatMask: 0 });
  await expect.poll(() => binding.states[consumer.state()]).toBe("empty");
  return { stream, producer, consumer };
}

const leaseOf = (native: NativeBinding) => Number(native.frameInfo[FrameInfo.lease]);

/** Posts one frame full of `value`; answers the view it was written through. */
function post(producer: NativeProducer, value: number): ArrayBuffer {
  expect(producer.tryAcquire()).toBe(Flow.ok);
  const lease = leaseOf(binding);
  const view = producer.view(lease);
  new Uint8Array(view).fill(value);
  binding.postInfo.fill(0n);
  binding.postInfo[PostInfo.pts] = BigInt(value) * 1000n;
  expect(producer.tryPost(lease, true, Uint8Array.of(value))).toBe(Flow.ok);
  return view;
}

describe("the addon", () => {
  test("tells a mistake by a code and the name of the field", () => {
    const code = "ERR_BAD_PARAMETER";
    expect(() => binding.formatLayout("NV99", 16, 16)).toThrowError(expect.objectContaining({ code }));
    const width = expect.objectContaining({ code, message: expect.stringContaining("width") });
    expect(() => binding.formatLayout("NV12", 1.5, 16)).toThrowError(width);
    expect(() => binding.formatLayout("NV12\0x", 16, 16)).toThrowError(expect.objectContaining({ code }));
  });

  test("gives pipes whose read end does not block, and which no child inherits", () => {
    const [readEnd, writeEnd] = binding.createPipe(1 << 20);
    const flags = (fd: number) => {
      const found = /flags:\s+(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"));
      return Number.parseInt(found?.[1] ?? "", 8);
    };
    expect(flags(readEnd) & 0o4000).toBe(0o4000);
    expect(flags(writeEnd) & 0o4000).toBe(0);
    expect(flags(readEnd) & flags(writeEnd) & 0o2000000).toBe(0o2000000);
    binding.closeFd(readEnd);
    binding.closeFd(writeEnd);
    expect(() => binding.closeFd(writeEnd)).toThrowError(expect.objectContaining({ code: "ERR_SYSTEM" }));
  });
});

describe("a view", () => {
  test("ends when its frame is posted, released, or discarded", async () => {
    const { stream, producer, consumer } = await connect();
    const written = post(producer, 7);
    expect(written.byteLength).toBe(0);
    expect(consumer.tryAcquire(1)).toBe(Flow.ok);
    expect(binding.frameInfo[FrameInfo.pts]).toBe(7000n);
    const lease = leaseOf(binding);
    const [first, second] = [consumer.view(lease), consumer.view(lease)];
    expect(new Uint8Array(first)).toEqual(new Uint8Array(64 * 48).fill(7));
    expect(consumer.metadata(lease)).toEqual(Uint8Array.of(7));
    consumer.release(lease);
    expect([first.byteLength, second.byteLength]).toEqual([0, 0]);
    expect(() => consumer.view(lease)).toThrowError(expect.objectContaining({ code: "ERR_BAD_PARAMETER" }));
    expect(producer.tryAcquire()).toBe(Flow.ok);
    const unused = producer.view(leaseOf(binding));
    producer.discard(leaseOf(binding));
    expect(unused.byteLength).toBe(0);
    for (const object of [consumer, producer, stream]) object.close();
  });

  test("ends when the next frame takes the place of its own, with one lease at a time", async () => {
    const { stream, producer, consumer } = await connect();
    post(producer, 1);
    post(producer, 2);
    consumer.tryAcquire(1);
    const earlier = consumer.view(leaseOf(binding));
    expect(consumer.tryAcquire(1)).toBe(Flow.ok);
    expect(earlier.byteLength).toBe(0);
    for (const object of [consumer, producer, stream]) object.close();
  });

  test("that JavaScript keeps ends with a release or a close, whatever else does not", async () => {
    const { stream, producer, consumer } = await connect();
    post(producer, 1);
    consumer.tryAcquire(1);
    const first = consumer.viewToKeep(leaseOf(binding));
    expect(new Uint8Array(first)[0]).toBe(1);
    consumer.release(leaseOf(binding), first);
    expect(first.byteLength).toBe(0);
    post(producer, 2);
    consumer.tryAcquire(1);
    const second = consumer.viewToKeep(leaseOf(binding));
    consumer.kept.view = second;
    for (const object of [consumer, producer, stream]) object.close();
    expect(second.byteLength).toBe(0);
  });

  test("that JavaScript keeps ends when its consumer is collected", () => {
    const done = leaveOpen(`
      (async () => {
        producer.tryPost(Number(binding.frameInfo[0]), false);
        let reader = stream.connectConsumer(options);
        const turn = () => new Promise((resolve) => setTimeout(resolve, 5));
        while (true) {
          await turn();
          if (producer.tryAcquire() === 0) producer.tryPost(Number(binding.frameInfo[0]), false);
          if (reader.tryAcquire(1) === 0) break;
        }
        const view = reader.viewToKeep(Number(binding.frameInfo[0]));
        reader.kept.view = view;
        const before = view.byteLength;
        reader = undefined;
        for (let i = 0; i < 200 && view.byteLength > 0; i++) {
          await turn();
          gc();
        }
        console.log(before, view.byteLength);
      })();`);
    expect(done).toMatchObject({ status: 0, stdout: "3072 0\n", stderr: "" });
  });

  test("lives on beside the next frame, with more leases", async () => {
    const { stream, producer, consumer } = await connect(2);
    post(producer, 1);
    post(producer, 2);
    consumer.tryAcquire(1);
    const earlier = consumer.view(leaseOf(binding));
    expect(consumer.tryAcquire(1)).toBe(Flow.ok);
    expect(new Uint8Array(earlier)[0]).toBe(1);
    for (const object of [consumer, producer, stream]) object.close();
    expect(earlier.byteLength).toBe(0);
  });

  test("cannot be moved into a buffer that nobody would detach", async () => {
    const { stream, producer, consumer } = await connect();
    producer.tryAcquire();
    const view = producer.view(leaseOf(binding));
    // Node 20 has no transfer() and copies here; later ones refuse. None may take the bytes away.
    const moves = [() => structuredClone(view, { transfer: [view] }), () => Reflect.get(view, "transfer")?.call(view)];
    for (const move of moves) {
      try {
        move();
      } catch (error) {
        expect(String(error)).toMatch(/Cannot transfer object|use copy\(\)/);
      }
      expect(view.byteLength).toBe(64 * 48);
    }
    for (const object of [consumer, producer, stream]) object.close();
    expect(view.byteLength).toBe(0);
  });

  test("cannot outlive a close, and a closed object says so", async () => {
    const { stream, producer, consumer } = await connect();
    post(producer, 1);
    consumer.tryAcquire(1);
    const reading = consumer.view(leaseOf(binding));
    producer.tryAcquire();
    const writing = producer.view(leaseOf(binding));
    for (const object of [consumer, producer, stream, consumer, producer, stream]) object.close();
    expect([reading.byteLength, writing.byteLength]).toEqual([0, 0]);
    const closed = expect.objectContaining({ code: "ERR_BAD_STREAM" });
    expect(() => consumer.tryAcquire(1)).toThrowError(closed);
    expect(() => producer.tryAcquire()).toThrowError(closed);
    expect(() => stream.connectConsumer({ policy, formatMask: 0 })).toThrowError(closed);
  });
});

/** A program that leaves everything open, with events on their way, and then does `last`. */
function leaveOpen(last: string): { status: number | null; stdout: string; stderr: string } {
  const options = { policy, formatMask: 0 };
  const replaceBigint = (_: string, value: unknown) => (typeof value === "bigint" ? Number(value) : value);
  const program = `
    const binding = require(${JSON.stringify(addonFile)});
    binding.start(() => {}, (event) => { if (globalThis.onEvent) onEvent(event); });
    const stream = binding.createStream(${JSON.stringify(streamOptions)});
    const producer = stream.connectProducer(${JSON.stringify(producerOptions)});
    const options = ${JSON.stringify(options, replaceBigint)};
    const consumer = stream.connectConsumer(options);
    producer.tryAcquire();
    globalThis.kept = producer.view(Number(binding.frameInfo[0]));
    ${last}`;
  return spawnSync(process.execPath, ["--expose-gc", "-e", program], { encoding: "utf8" });
}

const root = fileURLToPath(new URL("../..", import.meta.url));
const addonFile = createRequire(import.meta.url).resolve(`${root}build/Release/edgestream.node`);

describe("an environment that ends with everything open", () => {
  test("because nobody waits: with events that were never delivered", () => {
    expect(leaveOpen("")).toMatchObject({ status: 0, stderr: "" });
  });

  test("by process.exit, also from inside an event", () => {
    expect(leaveOpen("process.exit(3)")).toMatchObject({ status: 3, stderr: "" });
    expect(
      leaveOpen("binding.keepAlive[0]++; binding.ref(); globalThis.onEvent = () => process.exit(4)"),
    ).toMatchObject({
      status: 4,
      stderr: "",
    });
  });

  test("by an exception that an event handler threw", () => {
    const { status, stderr } = leaveOpen(
      'binding.keepAlive[0]++; binding.ref(); globalThis.onEvent = () => { throw new Error("from the event") }',
    );
    expect(status).toBe(1);
    expect(stderr).toContain("from the event");
  });
});
