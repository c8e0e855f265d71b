import { expect, test } from "vitest";
import type { FrameSpec, PostOptions, PostResult, Result, WritableFrame } from "../../../sdk/base/types.ts";
import type { FrameChange, FrameInput, FrameTimes } from "../../../sdk/cli/frame-input.ts";
import { type FrameSink, pumpFrames } from "../../../sdk/cli/frame-pump.ts";
import { Pacer } from "../../../sdk/cli/pacer.ts";
import { plainFrame, plainLayout } from "./plain-frames.ts";

/** A sink that keeps account of its leases. */
class CountingSink implements FrameSink {
  open = 0;
  posts: PostOptions[] = [];
  failPost: Error | undefined;
  /** Every second time there is nothing at once, and the pump has to wait. */
  slow = false;
  waits: string[] = [];
  changes: FrameSpec[] = [];
  #asked = 0;

  tryAcquire(): Result<WritableFrame> {
    return this.#nothingNow() ? { status: "would-block" } : { status: "ok", frame: this.#lease() };
  }

  async acquire(): Promise<WritableFrame> {
    this.waits.push("acquire");
    return this.#lease();
  }

  tryPost(frame: WritableFrame, options: PostOptions): PostResult {
    if (this.#nothingNow()) return { status: "would-block" };
    return { status: "ok", number: this.#take(frame, options) };
  }

  async post(frame: WritableFrame, options: PostOptions): Promise<bigint> {
    this.waits.push("post");
    return this.#take(frame, options);
  }

  async reconfigure(frame: FrameSpec): Promise<void> {
    expect(this.open).toBe(0); // while a slot is out a producer says no
    this.changes.push(frame);
  }

  #nothingNow(): boolean {
    this.#asked += 1;
    return this.slow && this.#asked % 2 === 0;
  }

  #lease(): WritableFrame {
    this.open += 1;
    let released = false;
    const discard = () => {
      if (!released) this.open -= 1;
      released = true;
    };
    const plain = plainFrame(plainLayout("GRAY8", 4, 4));
    return { ...plain, released: false, discard, [Symbol.dispose]: discard };
  }

  #take(frame: WritableFrame, options: PostOptions): bigint {
    if (this.failPost) throw this.failPost;
    frame.discard();
    return BigInt(this.posts.push(options));
  }
}

function inputOf(...times: (FrameTimes | FrameChange | Error)[]): FrameInput {
  return {
    live: false,
    open: async () => ({ format: "GRAY8", width: 4, height: 4 }),
    read: async () => {
      const next = times.shift();
      if (next instanceof Error) throw next;
      return next;
    },
    close: async () => undefined,
  };
}

const at = (pts: bigint): FrameTimes => ({ pts, duration: 1n });
const running = () => ({
  sink: new CountingSink(),
  pacer: undefined,
  countMax: 10,
  ready: async () => undefined,
  signal: new AbortController().signal,
});

test("every frame is posted with the input's times, and no lease is left", async () => {
  const run = running();
  await pumpFrames({ ...run, input: inputOf(at(5n), { pts: undefined, duration: 0n }, at(9n)) });
  expect(run.sink.posts.map((post) => post.pts)).toEqual([5n, undefined, 9n]);
  expect(run.sink.posts.every((post) => (post.captured ?? 0n) > 0n)).toBe(true);
  expect(run.sink.open).toBe(0);
});

test("what is not there at once is waited for, and told when to stop waiting", async () => {
  const run = running();
  run.sink.slow = true;
  await pumpFrames({ ...run, input: inputOf(at(5n), at(7n), at(9n)) });
  expect(run.sink.posts.map((post) => post.pts)).toEqual([5n, 7n, 9n]);
  expect(run.sink.waits.length).toBeGreaterThan(0);
  expect(run.sink.posts.filter((post) => post.signal === run.signal)).toHaveLength(
    run.sink.waits.filter((verb) => verb === "post").length,
  );
  expect(run.sink.open).toBe(0);
});

test("it stops after as many frames as it was told", async () => {
  const run = running();
  await pumpFrames({ ...run, input: inputOf(at(1n), at(2n), at(3n)), countMax: 2 });
  expect(run.sink.posts).toHaveLength(2);
});

test("a change of the input is the sink's, and counts as no frame", async () => {
  const run = running();
  const frame: FrameSpec = { format: "GRAY8", width: 8, height: 2 };
  await pumpFrames({ ...run, input: inputOf(at(1n), { frame }, at(2n), at(3n)), countMax: 2 });
  expect(run.sink.changes).toEqual([frame]);
  expect(run.sink.posts.map((post) => post.pts)).toEqual([1n, 2n]);
  expect(run.sink.open).toBe(0);
});

test("nothing is posted before everybody is there, and that is asked once", async () => {
  const run = running();
  let asked = 0;
  const ready = async () => {
    expect(run.sink.posts).toHaveLength(0);
    asked += 1;
  };
  await pumpFrames({ ...run, input: inputOf(at(1n), at(2n)), ready });
  expect(asked).toBe(1);
});

test("a failure of the input or of a post gives the slot back and comes through", async () => {
  const reading = running();
  await expect(pumpFrames({ ...reading, input: inputOf(at(1n), new Error("broken")) })).rejects.toThrow("broken");
  expect(reading.sink.open).toBe(0);
  const posting = running();
  posting.sink.failPost = new Error("no place");
  await expect(pumpFrames({ ...posting, input: inputOf(at(1n)) })).rejects.toThrow("no place");
  expect(posting.sink.open).toBe(0);
});

test("told to stop, it ends without an error", async () => {
  const run = running();
  const controller = new AbortController();
  run.sink.failPost = new Error("aborted");
  const input = inputOf(at(1n));
  const ready = async () => controller.abort();
  await pumpFrames({ ...run, input, ready, signal: controller.signal });
  expect(run.sink.open).toBe(0);
});

test("what an input says of a frame is posted with it: its bytes used, its metadata, and how old it is", async () => {
  const run = running();
  const metadata = new Uint8Array([1, 2, 3]);
  const before = process.hrtime.bigint();
  await pumpFrames({ ...run, input: inputOf({ ...at(5n), size: 7, metadata, age: 1_000_000_000n }) });
  const [post] = run.sink.posts;
  expect(post).toMatchObject({ pts: 5n, size: 7, metadata });
  const captured = post?.captured ?? 0n;
  expect(captured).toBeGreaterThanOrEqual(before - 1_000_000_000n);
  expect(captured).toBeLessThanOrEqual(process.hrtime.bigint() - 1_000_000_000n);
});

test("a picture that is older than the clock has the clock's first moment", async () => {
  const run = running();
  await pumpFrames({ ...run, input: inputOf({ ...at(5n), age: 2n ** 62n }) });
  expect(run.sink.posts[0]?.captured).toBe(1n);
});

test("frames wait for the moment that the input names, and for their pts when it names none", async () => {
  const run = running();
  const waits: (bigint | undefined)[] = [];
  const pacer = new Pacer({ now: () => 0n, sleep: async () => undefined });
  pacer.wait = async (due) => void waits.push(due);
  await pumpFrames({ ...run, pacer, input: inputOf({ ...at(5n), due: 50n }, at(6n)) });
  expect(waits).toEqual([50n, 6n]);
});
