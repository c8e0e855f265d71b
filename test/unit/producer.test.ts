/** The producer against a binding that the test plays: order, all or nothing, what stays the caller's. */
import { describe, expect, test } from "vitest";
import { EventKind } from "../../native/binding.ts";
import { BindingHost } from "../../sdk/binding-host.ts";
import { Producer } from "../../sdk/producer.ts";
import { causes, FakeBinding, FakeProducer } from "./fake-binding.ts";

function setUp() {
  const binding = new FakeBinding();
  const native = new FakeProducer(binding);
  const producer = new Producer(new BindingHost(binding.asNative()), native.asNative(), {
    onClosed: () => {},
    flush: async () => {},
  });
  return { binding, native, producer };
}

const picture = (value: number) => new Uint8Array(8).fill(value);
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("acquire and post", () => {
  test("a posted frame is over for its producer", async () => {
    const { native, producer } = setUp();
    const frame = await producer.acquire();
    const { data } = frame;
    data.fill(5);
    expect(frame.planes[0]?.data.byteLength).toBe(8);
    expect(await producer.post(frame, { pts: 40n })).toBe(1n);
    expect(native.posts[0]).toMatchObject({ bytes: picture(5), pts: 40n, size: 0n });
    expect(frame.released).toBe(true);
    expect(data.byteLength).toBe(0);
    expect(frame.data.byteLength).toBe(0);
    frame.discard();
    expect(native.discarded).toEqual([]);
    await expect(producer.post(frame)).rejects.toMatchObject({ code: "ERR_BAD_STATE" });
  });

  test("waits for a slot, then for a place; a timeout leaves the frame with the caller", async () => {
    const { binding, native, producer } = setUp();
    native.slots = 0;
    native.places = 0;
    const acquire = producer.acquire();
    expect(binding.references).toBe(1);
    native.give({ slots: 1 });
    const frame = await acquire;
    const timeout = { code: "ERR_TIMEOUT", reason: "timeout" };
    await expect(producer.post(frame, { timeoutMs: 3 })).rejects.toMatchObject(timeout);
    await expect(producer.post(frame, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "ERR_ABORTED" });
    expect(frame.released).toBe(false);
    const post = producer.post(frame);
    native.give({ places: 1 });
    expect(await post).toBe(1n);
    expect(binding.references).toBe(0);
  });

  test("posts happen in the order of their calls, and tryPost does not overtake", async () => {
    const { native, producer } = setUp();
    native.slots = 3;
    native.places = 0;
    const frames = [await producer.acquire(), await producer.acquire(), await producer.acquire()] as const;
    for (const [index, frame] of frames.entries()) frame.data.fill(index);
    const waiting = [producer.post(frames[0]), producer.post(frames[1])];
    native.places = 1;
    expect(producer.tryPost(frames[2])).toEqual({ status: "would-block" });
    native.give({ places: 1 });
    expect(await Promise.all(waiting)).toEqual([1n, 2n]);
    native.places = 1;
    expect(producer.tryPost(frames[2])).toEqual({ status: "ok", number: 3n });
    expect(native.posts.map(({ bytes }) => bytes[0])).toEqual([0, 1, 2]);
  });

  test("a frame that was discarded while its post waited is not posted", async () => {
    const { native, producer } = setUp();
    native.places = 0;
    const frame = await producer.acquire();
    const post = producer.post(frame);
    frame.discard();
    native.give({ places: 1 });
    await expect(post).rejects.toMatchObject({ code: "ERR_BAD_STATE" });
    expect(native.posts).toEqual([]);
  });

  test("frames of another producer and wrong options are the caller's mistake", async () => {
    const { producer } = setUp();
    const stranger = await setUp().producer.acquire();
    const wrong = { code: "ERR_BAD_PARAMETER" };
    await expect(producer.post(stranger)).rejects.toMatchObject(wrong);
    await expect(producer.post({} as never)).rejects.toMatchObject(wrong);
    const frame = await producer.acquire();
    for (const options of [
      { pts: 1 },
      { pts: 2n ** 63n },
      { pts: -(2n ** 63n) },
      { duration: -1n },
      { captured: -1n },
      { size: 0 },
      { size: 9 },
      { metadata: new Uint8Array(4097) },
      { metadata: "x" },
      { timeoutMs: -1 },
    ]) {
      await expect(producer.post(frame, options as never)).rejects.toMatchObject(wrong);
    }
    expect(frame.released).toBe(false);
    expect(await producer.post(frame, { pts: 2n ** 63n - 1n, metadata: new Uint8Array(4096), size: 8 })).toBe(1n);
  });
});

describe("push", () => {
  test("copies at once when it can, and waits in the order of its calls when it cannot", async () => {
    const { native, producer } = setUp();
    native.places = 0;
    const pushes = [1, 2, 3].map((value) => producer.push(picture(value)));
    expect(producer.tryPush(picture(4))).toEqual({ status: "would-block" });
    native.give({ places: 1 });
    await pushes[0];
    native.give({ places: 5 });
    expect(await Promise.all(pushes)).toEqual([1n, 2n, 3n]);
    expect(native.posts.map(({ bytes }) => bytes[0])).toEqual([1, 2, 3]);
    expect(producer.tryPush(picture(4))).toEqual({ status: "ok", number: 4n });
    expect(native.slots).toBe(2);
  });

  test("a failed push leaves nothing behind, and the next one is served", async () => {
    const { native, producer } = setUp();
    native.places = 0;
    const late = producer.push(picture(1), { timeoutMs: 4 });
    const next = producer.push(picture(2));
    await expect(late).rejects.toMatchObject({ code: "ERR_TIMEOUT" });
    await turn();
    native.give({ places: 1 });
    expect(await next).toBe(1n);
    expect(native.posts.map(({ bytes }) => bytes[0])).toEqual([2]);
    expect(native.slots).toBe(2);
    expect(producer.tryPush(picture(3))).toEqual({ status: "would-block" });
    expect(native.slots).toBe(2);
  });

  test("takes any view of the right length, and only that", async () => {
    const { native, producer } = setUp();
    const big = Buffer.alloc(32, 7);
    await producer.push(big.subarray(3, 11));
    await producer.push(new DataView(big.buffer, big.byteOffset, 8));
    await producer.push(new Uint16Array(4).fill(0x0909));
    expect(native.posts.map(({ bytes }) => bytes[0])).toEqual([7, 7, 9]);
    for (const bytes of [new Uint8Array(7), new Uint8Array(9), new ArrayBuffer(8), "12345678", undefined]) {
      await expect(producer.push(bytes as never)).rejects.toMatchObject({ code: "ERR_BAD_PARAMETER" });
      expect(() => producer.tryPush(bytes as never)).toThrow(expect.objectContaining({ code: "ERR_BAD_PARAMETER" }));
    }
  });
});

describe("the end", () => {
  test("closeInput resolves once everything was taken; a timeout says that it was not", async () => {
    const { binding, native, producer } = setUp();
    native.drained = false;
    await expect(producer.closeInput({ timeoutMs: 3 })).rejects.toMatchObject({ code: "ERR_TIMEOUT" });
    const closing = producer.closeInput();
    expect(binding.references).toBe(1);
    native.drained = true;
    binding.wake(native.id);
    await closing;
    expect(binding.references).toBe(0);
  });

  test("stop wakes every waiter with the reason", async () => {
    const { native, producer } = setUp();
    native.places = 0;
    const frame = await producer.acquire();
    native.slots = 0;
    const waits = [producer.post(frame), producer.acquire()];
    producer.stop();
    for (const wait of waits) await expect(wait).rejects.toMatchObject({ code: "ERR_BAD_STATE", reason: "closed" });
    expect(producer.tryAcquire()).toEqual({ status: "closed" });
  });

  test("close wakes every waiter, ends every frame, and is idempotent", async () => {
    const { native, producer } = setUp();
    native.places = 0;
    native.drained = false;
    const frame = await producer.acquire();
    const post = producer.post(frame);
    const push = producer.push(picture(1));
    const closing = producer.closeInput();
    await producer.close();
    await producer.close();
    const closed = { code: "ERR_BAD_STREAM", reason: "closed" };
    await expect(post).rejects.toMatchObject(closed);
    await expect(push).rejects.toMatchObject(closed);
    await closing;
    expect(frame.released).toBe(true);
    frame.discard();
    expect(native.discarded).toEqual([]);
    expect(producer.tryPush(picture(1))).toEqual({ status: "closed" });
    await expect(producer.acquire()).rejects.toMatchObject(closed);
    expect(() => producer.evict(1n)).toThrow(expect.objectContaining({ code: "ERR_BAD_STREAM" }));
    expect(producer.state).toBe("disconnected");
    expect(producer.stats().frames).toBe(0n);
    expect(native.closed).toBe(true);
  });
});

test("a listener that throws keeps neither the next event nor the wake-up from anybody", async () => {
  const { binding, native, producer } = setUp();
  native.slots = 0;
  const waiting = producer.acquire();
  const told: string[] = [];
  producer.on("evicted", () => {
    throw new Error("the application's own");
  });
  producer.on("disconnected", ({ cause }) => told.push(cause));
  native.slots = 1;
  const code = causes.indexOf("evicted-lag");
  const event = { object: 1, connection: 5n, value: 3n, oldState: 0, newState: 0, text: "", at: 0n };
  expect(() => binding.event({ ...event, kind: EventKind.disconnected, code })).toThrow("the application's own");
  expect(told).toEqual(["evicted-lag"]);
  expect((await waiting).released).toBe(false);
});

test("what the core announces arrives as events", () => {
  const { binding, native, producer } = setUp();
  const seen: unknown[] = [];
  for (const name of ["connected", "disconnected", "stalled", "lagged", "refused"] as const) {
    producer.on(name, (event: object) => seen.push({ name, ...event }));
  }
  const base = { object: native.id, connection: 4n, value: 9n, code: 0, oldState: 0, newState: 0, text: "", at: 0n };
  binding.event({ ...base, kind: EventKind.connected });
  binding.event({ ...base, kind: EventKind.stalled });
  binding.event({ ...base, kind: EventKind.lagged });
  binding.event({ ...base, kind: EventKind.disconnected, code: causes.indexOf("evicted-lag") });
  binding.event({ ...base, kind: EventKind.refused, code: -10, text: "full" });
  expect(seen).toEqual([
    { name: "connected", connection: 4n, previous: 9n },
    { name: "stalled", connection: 4n, waitedMs: 9 },
    { name: "lagged", connection: 4n, skipped: 9n },
    { name: "disconnected", connection: 4n, cause: "evicted-lag", discarded: 9n, stats: undefined },
    { name: "refused", code: "ERR_REFUSED", reason: "full" },
  ]);
});
