/** A binding without a core: as much of one producer or consumer as the SDK can tell from the real one. */
import type {
  NativeBinding,
  NativeConsumer,
  NativeConsumerInfo,
  NativeEvent,
  NativeFormat,
  NativePolicy,
  NativeProducer,
} from "../../native/binding.ts";
import { AcquireFlag, EventKind, Flow, FrameInfo, KeepAliveWord, PostInfo } from "../../native/binding.ts";
import { toNativePolicy } from "../../sdk/native-options.ts";

export const states = [
  "initializing",
  "created",
  "connecting",
  "empty",
  "new-frame-available",
  "old-frame-available",
  "disconnected",
] as const;
export const causes = [
  "none",
  "ended",
  "stopped",
  "producer-closed",
  "producer-lost",
  "consumer-closed",
  "consumer-lost",
  "evicted-lag",
  "evicted-stall",
  "evicted-violation",
  "evicted-request",
  "refused",
  "evicted-hold",
  "evicted-idle",
] as const;
export type StateName = (typeof states)[number];
export type CauseName = (typeof causes)[number];

/** 4x2 pixels of one byte. */
export const gray: NativeFormat = {
  name: "GRAY8",
  width: 4,
  height: 2,
  size: 8,
  planes: [{ offset: 0, stride: 4, width: 4, height: 2 }],
  timeBaseNum: 0,
  timeBaseDen: 0,
};

export class FakeBinding implements Partial<NativeBinding> {
  readonly abiVersion = 1;
  readonly states = states;
  readonly causes = causes;
  readonly frameInfo = new BigInt64Array(FrameInfo.length);
  readonly frameWords = new Int32Array(this.frameInfo.buffer);
  readonly postInfo = new BigInt64Array(PostInfo.length);
  readonly keepAlive = new Int32Array(KeepAliveWord.length);
  detached = 0;
  wake: (object: number) => void = () => {};
  event: (event: NativeEvent) => void = () => {};
  #lastId = 0;

  start(onWake: (object: number) => void, onEvent: (event: NativeEvent) => void): void {
    this.wake = onWake;
    this.event = onEvent;
  }

  ref(): void {
    this.keepAlive[KeepAliveWord.referenced] = 1;
  }

  /** Reasons to stay alive; above zero the process would. */
  get references(): number {
    return this.keepAlive[KeepAliveWord.holds] as number;
  }

  detach(buffer: ArrayBuffer): void {
    if (buffer.byteLength === 0) return;
    structuredClone(buffer, { transfer: [buffer] });
    this.detached++;
  }

  nextId(): number {
    return ++this.#lastId;
  }

  /** The SDK asks for no more of it than this file has. */
  asNative(): NativeBinding {
    return this as unknown as NativeBinding;
  }
}

/** The views of leases, as the addon knows them: weakly, and detached when their lease ends. */
class FakeViews {
  readonly #binding: FakeBinding;
  readonly #views: { lease: number; buffer: WeakRef<ArrayBuffer> }[] = [];

  constructor(binding: FakeBinding) {
    this.#binding = binding;
  }

  add(lease: number, buffer: ArrayBuffer): ArrayBuffer {
    this.#views.push({ lease, buffer: new WeakRef(buffer) });
    return buffer;
  }

  of(lease: number): ArrayBuffer | undefined {
    return this.#views.find((view) => view.lease === lease)?.buffer.deref();
  }

  end(ends: (lease: number) => boolean): void {
    for (const { lease, buffer } of this.#views) {
      const alive = ends(lease) ? buffer.deref() : undefined;
      if (alive !== undefined) this.#binding.detach(alive);
    }
  }
}

/** A consumer that the test feeds. */
export class FakeConsumer implements NativeConsumer {
  readonly id: number;
  readonly waiting: { number: bigint; bytes: Uint8Array }[] = [];
  readonly released: number[] = [];
  readonly kept: { view: ArrayBuffer | undefined } = { view: undefined };
  closed = false;
  tries = 0;
  stateName: StateName = "empty";
  cause: CauseName = "none";
  reason = "";
  epoch = 1n;
  connection = 7n;
  /** What the counters say, beyond what the test delivered. */
  counters = { posted: 0n, delivered: 0n, skipped: 0n, discarded: 0n };
  readonly #binding: FakeBinding;
  readonly #policy: NativePolicy;
  readonly #bytes = new Map<number, Uint8Array>();
  readonly #views: FakeViews;
  #last: { lease: number; number: bigint } | undefined;

  constructor(binding: FakeBinding, maxHeld = 1) {
    this.#binding = binding;
    this.id = binding.nextId();
    this.#views = new FakeViews(binding);
    this.#policy = toNativePolicy({ mode: "fifo", maxHeld }, "in-process");
  }

  /** A frame arrives, as the core would tell. */
  deliver(number: bigint, bytes = new Uint8Array(8).fill(Number(number))): void {
    this.waiting.push({ number, bytes });
    this.stateName = "new-frame-available";
    this.#binding.wake(this.id);
  }

  /** The connection ends. */
  end(cause: CauseName, reason = ""): void {
    this.cause = cause;
    this.reason = reason;
    const oldState = states.indexOf(this.stateName);
    if (this.waiting.length === 0) this.stateName = "disconnected";
    const base = { object: this.id, connection: 7n, value: 0n, at: 0n, code: causes.indexOf(cause), text: reason };
    this.#binding.event({ ...base, kind: EventKind.state, oldState, newState: states.indexOf(this.stateName) });
  }

  tryAcquire(flags: number): number {
    this.tries++;
    const frame = this.waiting.shift();
    if (frame === undefined) return this.#nothingNew(flags);
    this.stateName = this.waiting.length > 0 ? "new-frame-available" : "old-frame-available";
    const lease = Number(frame.number) - 1; // 0 is a lease like any other
    if (this.#policy.maxHeld === 1) this.#views.end((each) => each !== lease);
    this.#bytes.set(lease, frame.bytes);
    this.#last = { lease, number: frame.number };
    this.#tell(lease, frame.number, true);
    return Flow.ok;
  }

  view(lease: number): ArrayBuffer {
    const bytes = this.#bytes.get(lease) ?? new Uint8Array(0);
    return this.#views.add(lease, bytes.slice().buffer);
  }

  viewToKeep(lease: number): ArrayBuffer {
    return (this.#bytes.get(lease) ?? new Uint8Array(0)).slice().buffer;
  }

  metadata(): Uint8Array {
    return new Uint8Array([1, 2, 3]);
  }

  metadataBlock(): Uint8Array {
    return new Uint8Array(0);
  }

  release(lease: number, kept?: ArrayBuffer): void {
    this.released.push(lease);
    if (kept !== undefined) this.#binding.detach(kept);
    this.#views.end((each) => each === lease);
  }

  sleep(): number {
    return Flow.wouldBlock;
  }

  consume(): void {}

  peek(): undefined {}

  setUserInfo(): void {}

  userInfo(): string {
    return "";
  }

  streamInfo(): string {
    return "";
  }

  setLatency(): void {}

  marks(): ReturnType<NativeConsumer["marks"]> {
    const none = { number: 0n, pts: -(2n ** 63n) };
    return { newest: none, acquired: none };
  }

  arm(): number {
    return this.waiting.length > 0 ? Flow.ok : Flow.wouldBlock;
  }

  state(): number {
    return states.indexOf(this.stateName);
  }

  info(): NativeConsumerInfo {
    return {
      ...this.counters,
      held: 0n,
      connection: this.connection,
      epoch: this.epoch,
      state: this.state(),
      cause: causes.indexOf(this.cause),
      waiting: BigInt(this.waiting.length),
      policy: this.#policy,
      reason: this.reason,
      layout: 1,
    };
  }

  latency(): undefined {}
  readonly resetNumber = () => 0n;

  format(): NativeFormat {
    return gray;
  }

  close(): void {
    this.closed = true;
    this.stateName = "disconnected";
    if (this.kept.view !== undefined) this.#binding.detach(this.kept.view);
    this.#views.end(() => true);
  }

  #nothingNew(flags: number): number {
    if (this.cause !== "none") {
      this.stateName = "disconnected";
      if (this.cause.startsWith("producer") && (flags & AcquireFlag.pastEnd) !== 0) return this.#lastAgain(flags);
      return this.cause.startsWith("evicted") ? Flow.evicted : Flow.closed;
    }
    return this.#lastAgain(flags) === Flow.ok ? Flow.ok : Flow.wouldBlock;
  }

  #lastAgain(flags: number): number {
    if ((flags & AcquireFlag.newOnly) !== 0 || this.#last === undefined) return Flow.closed;
    this.#tell(this.#last.lease, this.#last.number, false);
    return Flow.ok;
  }

  #tell(lease: number, number: bigint, isNew: boolean): void {
    const info = this.#binding.frameInfo;
    info.fill(0n);
    info[FrameInfo.lease] = BigInt(lease);
    info[FrameInfo.number] = number;
    info[FrameInfo.epoch] = this.epoch;
    info[FrameInfo.pts] = -(2n ** 63n);
    info[FrameInfo.size] = 8n;
    info[FrameInfo.layout] = 1n;
    info[FrameInfo.isNew] = isNew ? 1n : 0n;
  }
}

/** A producer whose slots and places the test hands out. */
export class FakeProducer implements Partial<NativeProducer> {
  readonly id: number;
  slots = 2;
  places = 8;
  closed = false;
  stopped = false;
  drained = true;
  readonly posts: { lease: number; bytes: Uint8Array; pts: bigint; size: bigint }[] = [];
  readonly discarded: number[] = [];
  readonly #written = new Map<number, Uint8Array>();
  readonly #binding: FakeBinding;
  readonly #views: FakeViews;
  #lastLease = 0;

  constructor(binding: FakeBinding) {
    this.#binding = binding;
    this.id = binding.nextId();
    this.#views = new FakeViews(binding);
  }

  give(what: { slots?: number; places?: number }): void {
    this.slots += what.slots ?? 0;
    this.places += what.places ?? 0;
    this.#binding.wake(this.id);
  }

  tryAcquire(): number {
    if (this.stopped) return Flow.closed;
    if (this.slots === 0) return Flow.wouldBlock;
    this.slots--;
    this.#binding.frameInfo[FrameInfo.lease] = BigInt(++this.#lastLease);
    return Flow.ok;
  }

  view(lease: number): ArrayBuffer {
    return this.#views.add(lease, new ArrayBuffer(gray.size));
  }

  write(lease: number, bytes: Uint8Array): void {
    this.#written.set(lease, bytes.slice());
  }

  tryPost(lease: number, withInfo: boolean): number {
    if (this.stopped) return Flow.closed;
    if (this.places === 0) return Flow.wouldBlock;
    this.places--;
    this.slots++;
    const info = (at: number, otherwise: bigint) => (withInfo ? (this.#binding.postInfo[at] as bigint) : otherwise);
    const bytes = this.#written.get(lease) ?? new Uint8Array(this.#views.of(lease) ?? new ArrayBuffer(0)).slice();
    this.posts.push({ lease, bytes, pts: info(PostInfo.pts, -(2n ** 63n)), size: info(PostInfo.size, 0n) });
    this.#views.end((each) => each === lease);
    this.#binding.frameInfo[FrameInfo.number] = BigInt(this.posts.length);
    return Flow.ok;
  }

  discard(lease: number): void {
    this.slots++;
    this.discarded.push(lease);
    this.#views.end((each) => each === lease);
  }

  droppedPaused(): bigint {
    return 0n;
  }

  closeInput(): void {}

  tryDrain(): number {
    return this.drained ? Flow.ok : Flow.wouldBlock;
  }

  stop(): void {
    this.stopped = true;
  }

  connections(): [] {
    return [];
  }

  ended(): undefined {}

  latency(): undefined {}

  info(): ReturnType<NativeProducer["info"]> {
    return {
      epoch: 1n,
      frames: BigInt(this.posts.length),
      noConsumer: 0n,
      poolBytes: 0n,
      layout: 1,
      slots: 2,
      slotsFree: this.slots,
      memoryObjects: 1,
      connections: 0,
      state: 1,
      format: gray,
    };
  }

  close(): void {
    this.closed = true;
  }

  asNative(): NativeProducer {
    return this as unknown as NativeProducer;
  }
}
