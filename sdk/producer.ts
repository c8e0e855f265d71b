/** The producer: acquires free slots, posts them to every connection, and ends the stream. */
import type { EventEmitter } from "node:events";
import { EventKind, Flow, FrameInfo, type NativeEvent, type NativeProducer } from "../native/binding.ts";
import { checkWaitOptions } from "./base/config.ts";
import { native, StreamError, wrapNativeError } from "./base/errors.ts";
import type { ProducerStats } from "./base/stats-types.ts";
import type {
  FrameLayout,
  FrameSpec,
  PostOptions,
  PostResult,
  Result,
  StreamState,
  WaitOptions,
  WritableFrame,
} from "./base/types.ts";
import type { BindingHost } from "./binding-host.ts";
import { ConnectionTraces } from "./connection-traces.ts";
import { toDroppedEvent, watchDrops } from "./drops.ts";
import { emitAside } from "./emit-aside.ts";
import { onFirstListener } from "./first-listener.ts";
import { giveUp, type NoFrame, noFrame } from "./flow.ts";
import { WritableFrameLease } from "./frame.ts";
import { KeepAlive } from "./keep-alive.ts";
import { checkPostOptions, writePostInfo } from "./post-options.ts";
import { ProducerControl } from "./producer-control.ts";
import { type StreamEvent, toStreamEvents } from "./producer-events.ts";
import { ProducerFormat } from "./producer-format.ts";
import { arrival, type ProducerSetup } from "./producer-setup.ts";
import { checkPushBytes } from "./push-bytes.ts";
import { PushQueue } from "./push-queue.ts";
import { toProducerStats } from "./stats.ts";
import { Gate, type GiveUp } from "./wait.ts";
import { WriteLeases } from "./write-leases.ts";

/**
 * Made by `stream.connectProducer()`.
 *
 * Events: `connected`, `disconnected`, `evicted`, `stalled`, `recovered`, `lagged`, `heldTooLong`, `dropped`,
 * `refused`, `formatchange`, `info`, and `statechange` per connection.
 * @example
 * const frame = await producer.acquire();
 * frame.planes[0].data.fill(128);
 * const number = await producer.post(frame, { pts });
 */
export class Producer extends ProducerControl implements AsyncDisposable {
  readonly #host: BindingHost;
  readonly #native: NativeProducer;
  readonly #leases: WriteLeases;
  readonly #keepAlive: KeepAlive;
  readonly #acquires: Gate;
  readonly #posts: Gate;
  /** Those who wait for the consumers: the end of a hand-shake, or of the frames. */
  readonly #others: Gate;
  readonly #traces: ConnectionTraces;
  readonly #setup: ProducerSetup;
  readonly #format: ProducerFormat;
  readonly #pushes: PushQueue;
  #lastStats: ProducerStats | undefined;
  #closed = false;

  /** @internal */
  constructor(host: BindingHost, producer: NativeProducer, setup: ProducerSetup, stream?: string) {
    super(host, producer, stream);
    this.#host = host;
    this.#native = producer;
    this.#setup = setup;
    this.#leases = new WriteLeases(host, producer);
    this.#keepAlive = new KeepAlive(host.loop);
    this.#acquires = new Gate(this.#keepAlive);
    this.#posts = new Gate(this.#keepAlive);
    this.#others = new Gate(this.#keepAlive);
    this.#pushes = new PushQueue(() => this.#others.wake());
    this.#traces = new ConnectionTraces(host, (change) => this.emit("statechange", change));
    this.#format = new ProducerFormat(producer);
    onFirstListener(this as EventEmitter, "statechange", () => {
      if (!this.#closed) this.#traces.start(producer.connections());
    });
    watchDrops(this as EventEmitter, producer, () => !this.#closed);
    host.register(producer.id, { onWake: () => this.#wake(), onEvent: (event) => this.#onEvent(event) });
  }

  /** The most advanced connection's state; `created` when there is none, `disconnected` once the input is closed. */
  get state(): StreamState {
    return this.#closed ? "disconnected" : this.#host.state(this.#native.info().state);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** What the frames acquired from here on look like. */
  get layout(): FrameLayout {
    return this.#format.layout;
  }

  /**
   * A free slot to fill. Waits until a consumer gives one back.
   * @throws StreamError ERR_TIMEOUT, ERR_ABORTED; ERR_RESOURCE_BUSY: `maxWriting` slots are out already;
   *   ERR_BAD_STATE: after closeInput or stop; ERR_BAD_STREAM: closed.
   */
  acquire(options: WaitOptions = {}): Promise<WritableFrame> {
    try {
      checkWaitOptions(options);
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#acquires.wait<WritableFrame>(this.#attemptAcquire, giveUpAcquire, options);
  }

  /** As `acquire`, without waiting. */
  tryAcquire(): Result<WritableFrame> {
    if (this.#closed) return { status: "closed" };
    const taken = this.#acquires.busy ? "would-block" : this.#tryAcquire();
    return typeof taken === "string" ? { status: taken } : { status: "ok", frame: taken };
  }

  /**
   * Hands the frame to every connection, all or nothing: waits until the last waiting queue has a place. On success
   * the lease is over; on timeout, abort or error the frame is still yours.
   * @returns the frame's number, from 1
   * @throws StreamError as `acquire`; ERR_BAD_PARAMETER for a wrong option
   */
  post(frame: WritableFrame, options: PostOptions = {}): Promise<bigint> {
    try {
      checkWaitOptions(options);
      checkPostOptions(options, this.layout.size);
      const lease = this.#own(frame);
      const attempt = () => this.#required(this.#tryPost(lease, options), "post");
      return this.#posts.wait<bigint>(attempt, giveUpPost, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** As `post`, without waiting; `would-block`: a waiting queue is full, or an earlier post still waits. */
  tryPost(frame: WritableFrame, options: Omit<PostOptions, keyof WaitOptions> = {}): PostResult {
    checkPostOptions(options, this.layout.size);
    if (this.#closed) return { status: "closed" };
    const lease = this.#own(frame);
    const posted = this.#posts.busy ? "would-block" : this.#tryPost(lease, options);
    return typeof posted === "string" ? { status: posted } : { status: "ok", number: posted };
  }

  /**
   * acquire + copy + post. `bytes` has exactly the size of a frame; for format `bytes`, at most. Leave it unchanged
   * until this resolves. Pushes happen in the order of their calls. On failure nothing was posted and nothing is held.
   */
  push(bytes: ArrayBufferView, options: PostOptions = {}): Promise<bigint> {
    try {
      checkWaitOptions(options);
      checkPushBytes(bytes, options, this.layout);
      const deadline = options.timeoutMs === undefined ? undefined : performance.now() + options.timeoutMs;
      return this.#pushes.run(() => this.#push(bytes, options, deadline));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** As `push`, without waiting. */
  tryPush(bytes: ArrayBufferView, options: Omit<PostOptions, keyof WaitOptions> = {}): PostResult {
    const sized = checkPushBytes(bytes, options, this.layout);
    if (this.#closed) return { status: "closed" };
    if (this.#pushes.busy || this.#acquires.busy || this.#posts.busy) return { status: "would-block" };
    const frame = this.#tryAcquire();
    if (typeof frame === "string") return { status: frame };
    try {
      this.#leases.write(frame, bytes);
      const posted = this.#tryPost(frame, sized);
      return typeof posted === "string" ? { status: posted } : { status: "ok", number: posted };
    } finally {
      frame.discard(); // nothing to do after a post
    }
  }

  /**
   * Frames from here on have another size, format or time base; pushes that run are finished before. Connections,
   * counters and numbers go on, what waits or is held stays as it is. A consumer that does not take the format is
   * evicted. Nothing happens if that is the format already, nor on an error.
   * @throws StreamError ERR_RESOURCE_BUSY: a frame is out for writing; ERR_BAD_ALLOC: no memory, or above
   *   `accept.maxPoolBytes` or 256 slots with what is held; ERR_BAD_PARAMETER; ERR_BAD_STATE; ERR_BAD_STREAM
   */
  async reconfigure(frame: FrameSpec): Promise<void> {
    await this.#pushes.run(async () => {
      this.mustBeOpen();
      const change = this.#format.change(frame);
      if (change !== undefined) emitAside(() => this.emit("formatchange", change));
    });
  }

  /**
   * No more frames. Consumers read what waits, then their iterators end normally.
   * Resolves when every consumer has taken what waited for it, or is gone. Safe to call again.
   * @throws StreamError ERR_TIMEOUT, ERR_ABORTED: the input is closed, but some frames were not taken in time
   */
  async closeInput(options: WaitOptions = {}): Promise<void> {
    checkWaitOptions(options);
    if (this.#closed) return;
    native(() => this.#native.closeInput());
    this.#wake();
    const attempt = () => (this.#closed || native(() => this.#native.tryDrain()) === Flow.ok ? true : undefined);
    await this.#others.wait<boolean>(attempt, (why) => giveUp("closeInput", why), options);
  }

  /**
   * A barrier: resolves when every post and push called before it is done, and no consumer is in the middle of its
   * hand-shake. Every connection can then acquire what was posted so far without waiting, as its mode has it.
   * @throws StreamError ERR_TIMEOUT, ERR_ABORTED; ERR_BAD_STREAM: closed, also while it waits
   */
  async flush(options: WaitOptions = {}): Promise<void> {
    checkWaitOptions(options);
    this.mustBeOpen();
    const pushes = this.#pushes.called;
    const postsDone = () => {
      this.mustBeOpen();
      return true; // its turn has come, so those before it had theirs
    };
    const othersDone = () => {
      this.mustBeOpen();
      return this.#pushes.done >= pushes && !this.#native.connections().some(this.#attaching) ? true : undefined;
    };
    const posts = this.#posts.wait<boolean>(postsDone, giveUpFlush, options);
    await Promise.all([posts, this.#others.wait<boolean>(othersDone, giveUpFlush, options)]);
    await this.#others.wait<boolean>(arrival(this.#setup, this.#others), giveUpFlush, options);
  }

  /** Cancels now: every waiter wakes, consumers end with cause `stopped`, what waits is dropped. */
  stop(): void {
    if (this.#closed) return;
    native(() => this.#native.stop());
    this.#wake();
  }

  /** A snapshot; after close the last one. */
  stats(): ProducerStats {
    if (this.#lastStats !== undefined) return this.#lastStats;
    const latencyOf = (connection: bigint) => this.#native.latency(connection);
    return toProducerStats(this.#host, this.#native.info(), this.#native.connections(), this.pauseStats(), latencyOf);
  }

  /** Releases everything. Without closeInput before it, consumers end with cause `producer-closed`. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#lastStats = this.stats();
    this.#closed = true;
    this.#leases.close();
    this.#native.close();
    this.#host.unregister(this.#native.id);
    this.#traces.end("producer-closed");
    this.#wake();
    this.#setup.onClosed();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Pending waits keep the process alive (the default). */
  ref(): this {
    this.#keepAlive.ref();
    return this;
  }

  /** Pending waits do not keep the process alive. */
  unref(): this {
    this.#keepAlive.unref();
    return this;
  }

  /**
   * Resolves when no consumer is in the middle of its hand-shake any more, so that the next post reaches all of them.
   * @internal
   */
  async settled(options: WaitOptions): Promise<void> {
    const attempt = () => (this.#closed || !this.#native.connections().some(this.#attaching) ? true : undefined);
    await this.#others.wait<boolean>(attempt, () => false, options);
  }

  readonly #attaching = (connection: { state: number }): boolean => {
    const state = this.#host.state(connection.state);
    return state === "initializing" || state === "created" || state === "connecting";
  };

  // ---------------------------------------------------------------- one try

  #tryAcquire(): WritableFrameLease | NoFrame {
    if (this.#closed) return "closed";
    let flow: number;
    try {
      flow = this.#native.tryAcquire();
    } catch (error) {
      throw wrapNativeError(error);
    }
    return flow === Flow.ok ? this.#leases.take(this.layout) : noFrame(flow);
  }

  readonly #attemptAcquire = (): WritableFrame | undefined => this.#required(this.#tryAcquire(), "acquire");

  #tryPost(frame: WritableFrameLease, options: PostOptions): bigint | NoFrame {
    if (this.#closed) return "closed";
    if (frame.ended) throw new StreamError("ERR_BAD_STATE", "post: this frame was posted or discarded already");
    const { binding } = this.#host;
    const withInfo = writePostInfo(binding.postInfo, options);
    const flow = this.#nativePost(frame.lease, withInfo, options.metadata);
    if (flow !== Flow.ok) return noFrame(flow);
    const number = binding.frameInfo[FrameInfo.number] as bigint;
    this.#leases.posted(frame);
    if (this.#traces.active) this.#traces.look(this.#native.connections());
    return number;
  }

  #nativePost(lease: number, withInfo: boolean, metadata: Uint8Array | undefined): number {
    try {
      return metadata === undefined
        ? this.#native.tryPost(lease, withInfo)
        : this.#native.tryPost(lease, withInfo, metadata);
    } catch (error) {
      throw wrapNativeError(error);
    }
  }

  /** For those who wait: would-block means later, the rest is an error. */
  #required<T extends WritableFrame | bigint>(taken: T | NoFrame, what: string): T | undefined {
    if (typeof taken !== "string") return taken;
    if (taken === "would-block") return undefined;
    const [code, why] = this.#closed
      ? (["ERR_BAD_STREAM", "the producer is closed"] as const)
      : (["ERR_BAD_STATE", "the stream was stopped"] as const);
    throw new StreamError(code, `${what}: ${why}`, { reason: taken });
  }

  #own(frame: WritableFrame): WritableFrameLease {
    this.mustBeOpen();
    if (!(frame instanceof WritableFrameLease) || frame.owner !== this.#leases) {
      throw new StreamError("ERR_BAD_PARAMETER", "post: expected a frame that this producer acquired, got another");
    }
    if (frame.ended) throw new StreamError("ERR_BAD_STATE", "post: this frame was posted or discarded already");
    return frame;
  }

  // ---------------------------------------------------------------- push

  async #push(bytes: ArrayBufferView, options: PostOptions, deadline: number | undefined): Promise<bigint> {
    const sized = checkPushBytes(bytes, options, this.layout); // its turn may come after a change of format
    const left = () =>
      deadline === undefined ? sized : { ...sized, timeoutMs: Math.max(0, deadline - performance.now()) };
    const frame = (await this.acquire(left())) as WritableFrameLease;
    try {
      this.mustBeOpen(); // close() may have come between the slot and this line
      this.#leases.write(frame, bytes);
      return await this.post(frame, left());
    } finally {
      frame.discard(); // nothing to do after a post
    }
  }

  // ---------------------------------------------------------------- from the addon

  protected override changed(): void {
    if (this.#traces.active && !this.#closed) this.#traces.look(this.#native.connections());
    this.#wake();
  }

  #wake(): void {
    this.#acquires.wake();
    this.#posts.wake();
    this.#others.wake();
  }

  #onEvent(event: NativeEvent): void {
    if (event.kind === EventKind.dropped) {
      this.emit("dropped", toDroppedEvent(event, this.stream));
      return;
    }
    this.noteConsumers(event);
    if (this.#traces.active) {
      if (event.kind === EventKind.connected) this.#traces.look(this.#native.connections());
      if (event.kind === EventKind.disconnected) this.#traces.gone(event.connection, this.#host.cause(event.code));
    }
    this.#tell(toStreamEvents(this.#host, this.#native, event));
  }

  /** A listener that throws keeps neither the other events nor the wake-up from anybody. */
  #tell([first, ...rest]: StreamEvent[]): void {
    if (first === undefined) {
      this.#wake();
      return;
    }
    const [name, event] = first;
    try {
      (this as EventEmitter).emit(name, event);
    } finally {
      this.#tell(rest);
    }
  }
}

const giveUpAcquire = (why: GiveUp): never => giveUp("acquire", why);
const giveUpFlush = (why: GiveUp): never => giveUp("flush", why);
const giveUpPost = (why: GiveUp): never => giveUp("post", why);
