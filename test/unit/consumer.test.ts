/** The consumer against a binding that the test plays: leases, waits, endings, reconnection. */
import { Writable } from "node:stream";
import { describe, expect, test } from "vitest";
import { StreamError } from "../../sdk/base/errors.ts";
import type { ReadableFrame, StateChange } from "../../sdk/base/types.ts";
import { BindingHost } from "../../sdk/binding-host.ts";
import { Consumer } from "../../sdk/consumer.ts";
import type { Reopen } from "../../sdk/supervise.ts";
import { FakeBinding, FakeConsumer } from "./fake-binding.ts";
import { plainSetup } from "./plain-setup.ts";

function setUp(
  options: { maxHeld?: number; strict?: boolean; attempts?: number; reopen?: (binding: FakeBinding) => Reopen } = {},
) {
  const binding = new FakeBinding();
  const host = new BindingHost(binding.asNative());
  const native = new FakeConsumer(binding, options.maxHeld);
  const reopen = options.reopen?.(binding);
  const backoff = { firstMs: 1, maxMs: 4, factor: 2, jitter: 0, attempts: options.attempts ?? 100 };
  const consumer = new Consumer(host, native, {
    strict: options.strict ?? false,
    wait: "event",
    comeback: reopen && { reopen, backoff, whileAway: "wait" },
    onClosed: () => {},
    ...plainSetup,
  });
  return { binding, host, native, consumer };
}

/** A stream whose writes end when the test says so. */
function slowWritable() {
  const pending: (() => void)[] = [];
  const chunks: Uint8Array[] = [];
  const stream = new Writable({
    write(chunk: Uint8Array, _encoding, done) {
      chunks.push(chunk);
      pending.push(done);
    },
  });
  return { stream, chunks, finish: () => pending.shift()?.() };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("waiting", () => {
  test("a frame that is there costs one native call and holds nothing", async () => {
    const { binding, native, consumer } = setUp();
    native.deliver(1n);
    const acquire = consumer.acquire({ timeoutMs: 1000 });
    expect(native.tries).toBe(1);
    expect(binding.references).toBe(0);
    expect((await acquire).number).toBe(1n);
    expect(binding.detached).toBe(0); // nobody looked at it: no buffer was ever made
  });

  test("a pending acquire keeps the process alive, unless unreferenced; spurious wake-ups only try again", async () => {
    const { binding, native, consumer } = setUp();
    const acquire = consumer.acquire();
    expect(binding.references).toBe(1);
    consumer.unref();
    expect(binding.references).toBe(0);
    consumer.ref();
    const before = native.tries;
    binding.wake(native.id);
    expect(native.tries).toBe(before + 1);
    native.deliver(4n);
    expect((await acquire).number).toBe(4n);
    expect(binding.references).toBe(0);
  });

  test("one pending acquire per connection", async () => {
    const { native, consumer } = setUp();
    const first = consumer.next();
    const busy = { code: "ERR_RESOURCE_BUSY" };
    await expect(consumer.acquire()).rejects.toMatchObject(busy);
    await expect(consumer.next()).rejects.toMatchObject(busy);
    expect(() => consumer.tryAcquire()).toThrow(expect.objectContaining(busy));
    native.deliver(1n);
    expect((await first).status).toBe("ok");
    expect(consumer.tryAcquire({ newOnly: true })).toEqual({ status: "would-block" });
    expect(consumer.tryAcquire()).toMatchObject({ status: "ok", frame: { isNew: false } });
  });

  test("a strict consumer does not wait for its producer, another one does", async () => {
    const strict = setUp({ strict: true });
    strict.native.stateName = "connecting";
    await expect(strict.consumer.acquire()).rejects.toMatchObject({ code: "ERR_BAD_STATE", reason: undefined });
    const patient = setUp();
    patient.native.stateName = "connecting";
    const acquire = patient.consumer.acquire({ timeoutMs: 5 });
    await expect(acquire).rejects.toMatchObject({ code: "ERR_BAD_STATE", reason: "timeout" });
  });

  test("wrong wait options are the caller's mistake", async () => {
    const { consumer } = setUp();
    await expect(consumer.next({ timeoutMs: -1 })).rejects.toMatchObject({ code: "ERR_BAD_PARAMETER" });
    await expect(consumer.acquire({ timeoutMs: "1" as never })).rejects.toMatchObject({ code: "ERR_BAD_PARAMETER" });
  });
});

describe("leases", () => {
  test("with maxHeld 1 the next frame ends the one before; its views have length 0", async () => {
    const { native, consumer } = setUp();
    native.deliver(1n);
    native.deliver(2n);
    const first = await consumer.acquire();
    const { data, planes } = first;
    expect([...data]).toEqual([1, 1, 1, 1, 1, 1, 1, 1]);
    expect(planes.map((plane) => [plane.stride, plane.width, plane.height, plane.data.length])).toEqual([[4, 4, 2, 8]]);
    const second = await consumer.acquire();
    expect(first.released).toBe(true);
    expect(data.byteLength).toBe(0);
    expect(planes[0]?.data.byteLength).toBe(0);
    expect(native.released).toEqual([]); // the core ended it when it gave the next
    second.release();
    second.release();
    expect(native.released).toEqual([1]);
    expect(second.data.byteLength).toBe(0);
    expect(() => second.copy()).toThrow(expect.objectContaining({ code: "ERR_BAD_STATE" }));
  });

  test("the old frame again, while it is still out, is one lease: it ends with the last of its frames", async () => {
    const { native, consumer } = setUp({ maxHeld: 2 });
    native.deliver(1n);
    const first = await consumer.acquire();
    const again = await consumer.acquire({ timeoutMs: 0 });
    expect(again.isNew).toBe(false);
    first.release();
    expect(native.released).toEqual([]);
    expect(again.released).toBe(false);
    expect(again.data[0]).toBe(1);
    again.release();
    expect(native.released).toEqual([0]);
  });

  test("close ends every lease", async () => {
    const { native, consumer } = setUp({ maxHeld: 3 });
    native.deliver(1n);
    native.deliver(2n);
    const frames = [await consumer.acquire(), await consumer.acquire()];
    await consumer.close();
    expect(frames.map((frame) => frame.released)).toEqual([true, true]);
    expect(frames[0]?.data.byteLength).toBe(0);
    frames[0]?.release();
    expect(native.released).toEqual([]);
    expect(native.closed).toBe(true);
  });

  test("writeTo holds the lease until the writable took the bytes, whatever else happens", async () => {
    const { native, consumer } = setUp();
    const { stream, chunks, finish } = slowWritable();
    native.deliver(1n);
    const frame = await consumer.acquire();
    const writing = frame.writeTo(stream);
    frame.release();
    expect(frame.released).toBe(true);
    expect(chunks[0]?.byteLength).toBe(8);
    expect(native.released).toEqual([]);
    native.deliver(2n);
    const next = consumer.acquire(); // would end the lease, so it has to wait
    await turn();
    expect(native.waiting).toHaveLength(1);
    finish();
    await writing;
    expect(native.released).toEqual([0]);
    expect(chunks[0]?.byteLength).toBe(0);
    expect((await next).number).toBe(2n);
  });

  test("close waits for a write in flight", async () => {
    const { native, consumer } = setUp();
    const { stream, chunks, finish } = slowWritable();
    native.deliver(1n);
    const writing = (await consumer.acquire()).writeTo(stream);
    const closing = consumer.close();
    await turn();
    expect(native.closed).toBe(false);
    expect(chunks[0]?.byteLength).toBe(8);
    finish();
    await Promise.all([writing, closing]);
    expect(native.closed).toBe(true);
    expect(chunks[0]?.byteLength).toBe(0);
  });

  test("a failing writable gives the lease back and the error on", async () => {
    const { native, consumer } = setUp();
    const stream = new Writable({ write: (_chunk, _encoding, done) => done(new Error("disk full")) });
    stream.on("error", () => {});
    native.deliver(1n);
    const frame = await consumer.acquire();
    await expect(frame.writeTo(stream)).rejects.toThrow("disk full");
    expect(frame.released).toBe(false);
    frame.release();
    expect(native.released).toEqual([0]);
    await expect(frame.writeTo(stream)).rejects.toMatchObject({ code: "ERR_BAD_STATE" });
  });
});

describe("endings", () => {
  test.each(["ended", "stopped"] as const)("%s ends an iteration normally, after what waits", async (cause) => {
    const { native, consumer } = setUp();
    native.deliver(1n);
    native.deliver(2n);
    native.end(cause);
    const seen: bigint[] = [];
    for await (const frame of consumer) seen.push(frame.number);
    expect(seen).toEqual([1n, 2n]);
    expect(native.released).toEqual([0, 1]);
    expect(await consumer.next()).toEqual({ status: "closed" });
    await expect(consumer.acquire()).rejects.toMatchObject({ code: "ERR_BAD_STATE", reason: "closed" });
  });

  test.each([
    ["producer-lost", "ERR_PRODUCER_LOST"],
    ["producer-closed", "ERR_PRODUCER_LOST"],
    ["evicted-stall", "ERR_EVICTED"],
  ] as const)("%s throws %s from a waiting iteration", async (cause, code) => {
    const { native, consumer } = setUp();
    const iteration = consumer[Symbol.asyncIterator]().next();
    native.end(cause, "the words of the producer");
    await expect(iteration).rejects.toMatchObject({
      code,
      message: expect.stringContaining("the words of the producer"),
    });
  });

  test("its own close ends an iteration normally, and verbs say what happened", async () => {
    const { binding, native, consumer } = setUp();
    const iteration = consumer[Symbol.asyncIterator]().next();
    const closing = consumer.close();
    expect(await iteration).toEqual({ done: true, value: undefined });
    await closing;
    await consumer.close();
    expect(consumer.state).toBe("disconnected");
    expect(consumer.cause).toBe("consumer-closed");
    expect(await consumer.next()).toEqual({ status: "closed" });
    await expect(consumer.acquire()).rejects.toMatchObject({ code: "ERR_BAD_STREAM", reason: "closed" });
    expect(consumer.layout).toBeUndefined();
    expect(binding.references).toBe(0);
    binding.wake(native.id); // one that was on its way
  });

  test("a frame that arrives after return() is left for whoever reads next", async () => {
    const { native, consumer } = setUp();
    const iterator = consumer[Symbol.asyncIterator]();
    const pending = iterator.next();
    expect(await iterator.return?.()).toEqual({ done: true, value: undefined });
    native.deliver(1n);
    expect(await pending).toEqual({ done: true, value: undefined });
    expect(native.released).toEqual([]);
    expect(await consumer.next()).toMatchObject({ status: "ok", frame: { number: 1n } });
  });
});

describe("statechange", () => {
  test("is told as it is noticed, as a legal chain with cause and connection", async () => {
    const { native, consumer } = setUp();
    const changes: StateChange[] = [];
    consumer.on("statechange", (change) => changes.push(change));
    native.deliver(1n);
    expect(changes.map(({ newState }) => newState)).toEqual(["new-frame-available"]);
    await consumer.acquire();
    native.waiting.push({ number: 2n, bytes: new Uint8Array(8) }); // arrives unnoticed
    await consumer.acquire();
    await consumer.close();
    expect(changes.map(({ oldState, newState }) => [oldState, newState])).toEqual([
      ["empty", "new-frame-available"],
      ["new-frame-available", "old-frame-available"],
      ["old-frame-available", "new-frame-available"],
      ["new-frame-available", "old-frame-available"],
      ["old-frame-available", "disconnected"],
    ]);
    expect(changes.at(-1)).toMatchObject({ cause: "consumer-closed", connection: 7n });
    expect(changes[0]?.cause).toBe("none");
  });
});

describe("reconnect", () => {
  function reviving(lives: number, failures: StreamError[] = []) {
    const born: FakeConsumer[] = [];
    const reopen =
      (binding: FakeBinding): Reopen =>
      async () => {
        const failure = failures.shift();
        if (failure !== undefined) throw failure;
        if (born.length === lives) throw new StreamError("ERR_NOT_FOUND", "not yet");
        const native = new FakeConsumer(binding, 1);
        native.epoch = BigInt(born.length + 2);
        native.deliver(1n);
        born.push(native);
        return native;
      };
    return { born, reopen };
  }

  test("an iteration goes on in the producer's next life, and what was held stays until then", async () => {
    const { born, reopen } = reviving(1, [new StreamError("ERR_NOT_FOUND", "not yet")]);
    const { binding, native, consumer } = setUp({ reopen });
    const lives: bigint[] = [];
    consumer.on("reconnected", ({ epoch }) => lives.push(epoch));
    native.deliver(1n);
    const held = await consumer.acquire();
    const { data } = held;
    native.end("producer-lost");
    const next = consumer.next();
    expect(binding.references).toBe(1);
    expect(data[0]).toBe(1);
    const result = await next;
    expect(result).toMatchObject({ status: "ok", frame: { number: 1n, epoch: 2n } });
    expect(held.released).toBe(true);
    expect(data.byteLength).toBe(0);
    expect(native.closed).toBe(true);
    expect(lives).toEqual([2n]);
    expect(consumer.stats()).toMatchObject({ reconnects: 1, epoch: 2n });
    born[0]?.end("ended");
    expect(await consumer.next()).toEqual({ status: "closed" }); // the producer's own word is the end
    await consumer.close();
    expect(born[0]?.closed).toBe(true);
  });

  test("what no next life can cure is thrown", async () => {
    const { reopen } = reviving(0, [new StreamError("ERR_BAD_MATCH", "other frames now")]);
    const { native, consumer } = setUp({ reopen });
    const next = consumer.next();
    native.end("producer-closed");
    await expect(next).rejects.toMatchObject({ code: "ERR_BAD_MATCH" });
  });

  test("close ends the search", async () => {
    const { reopen } = reviving(0);
    const { native, consumer } = setUp({ reopen });
    const next = consumer.next();
    native.end("producer-lost");
    await turn();
    await consumer.close();
    expect(await next).toEqual({ status: "closed" });
  });

  test("an eviction is final", async () => {
    const { reopen } = reviving(1);
    const { native, consumer } = setUp({ reopen });
    native.end("evicted-lag");
    expect(await consumer.next()).toEqual({ status: "evicted" });
  });
});

describe("a frame", () => {
  test("knows when it came and what it is", async () => {
    const { native, consumer } = setUp();
    native.deliver(3n);
    const frame: ReadableFrame = await consumer.acquire();
    expect(frame).toMatchObject({ format: "GRAY8", width: 4, height: 2, size: 8, layoutId: 1, epoch: 1n, isNew: true });
    expect(frame.pts).toBeUndefined();
    expect(frame.metadata.byteLength).toBe(0);
    expect(consumer.layout).toEqual(frame.layout);
    const copy = frame.copy();
    frame.release();
    expect(copy).toEqual(new Uint8Array(8).fill(3));
  });
});
