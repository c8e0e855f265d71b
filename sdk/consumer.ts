/** The consumer: one connection's frames, by acquire, by next, or by `for await`. */
import type { EventEmitter } from "node:events";
import {
  AcquireFlag,
  EventKind,
  Flow,
  type NativeConsumer,
  type NativeConsumerInfo,
  type NativeEvent,
} from "../native/binding.ts";
import { blockMs, checkWaitOptions } from "./base/config.ts";
import { StreamError, wrapNativeError } from "./base/errors.ts";
import type { FormatChangeEvent } from "./base/event-types.ts";
import type { ConsumerStats } from "./base/stats-types.ts";
import type { DisconnectCause, FrameLayout, ReadableFrame, Result, StreamState, WaitOptions } from "./base/types.ts";
import type { BindingHost } from "./binding-host.ts";
import { ConsumerControl } from "./consumer-control.ts";
import { type ConsumerSetup, waitFlags } from "./consumer-setup.ts";
import { giveUpNext, neverGivesUp, noLimits } from "./consumer-waits.ts";
import { EarlierLives } from "./earlier-lives.ts";
import { onFirstListener } from "./first-listener.ts";
import { aborted, iterationError, type NoFrame, noFrame } from "./flow.ts";
import type { ReadableFrameLease } from "./frame.ts";
import { FrameIterator } from "./frame-iterator.ts";
import { FrameNotice, type Outlook } from "./frame-notice.ts";
import { KeepAlive } from "./keep-alive.ts";
import { ReadLeases } from "./read-leases.ts";
import { StateTrace } from "./state-trace.ts";
import { toConsumerStats } from "./stats.ts";
import { canReconnect, Supervisor } from "./supervise.ts";
import { TurnWatch } from "./turn-watch.ts";
import { type Attempt, Gate, type GiveUp } from "./wait.ts";

const anyFrame = AcquireFlag.any;
const newFramesOnly = AcquireFlag.newOnly;

/**
 * Made by `stream.connectConsumer()`.
 *
 * Events: `statechange`, told when it is noticed: at an acquire, a wake-up, or a word of the producer;
 * `frame` once per step into `new-frame-available`; `formatchange` before the first frame of another layout;
 * `info` when the producer tells something new about the stream;
 * `reconnected` with `reconnect`.
 * @example
 * for await (const frame of consumer) {
 *   detect(frame.planes[0].data, frame.planes[0].stride); // valid until the next turn
 * }
 */
export class Consumer extends ConsumerControl implements AsyncIterable<ReadableFrame>, AsyncDisposable {
  readonly #host: BindingHost;
  readonly #setup: ConsumerSetup;
  readonly #keepAlive: KeepAlive;
  readonly #gate: Gate;
  /** Waits other than by events look by themselves. */
  readonly #watch: TurnWatch | undefined;
  readonly #waitFlags: number;
  readonly #supervisor: Supervisor | undefined;
  readonly #notice: FrameNotice;
  #leases: ReadLeases;
  readonly #lives: EarlierLives;
  /** With `hold-last`, what every acquire says so that the last frame outlives its producer. */
  readonly #pastEnd: number;
  #trace: StateTrace | undefined;
  #failure: unknown;
  #closed = false;
  #closing: Promise<void> | undefined;
  /** The last word of the native object, kept when it is closed. */
  #lastInfo: NativeConsumerInfo | undefined;
  #lastLatency: BigUint64Array | undefined;

  /** @internal */
  constructor(host: BindingHost, consumer: NativeConsumer, setup: ConsumerSetup) {
    super(setup);
    this.#host = host;
    this.#setup = setup;
    this.#keepAlive = new KeepAlive(host.loop);
    this.#gate = new Gate(this.#keepAlive);
    const holdsLast = setup.comeback?.whileAway === "hold-last";
    this.#lives = new EarlierLives(holdsLast);
    this.#pastEnd = holdsLast ? AcquireFlag.pastEnd : 0;
    this.#leases = this.#own(consumer);
    this.#waitFlags = waitFlags[setup.wait];
    if (setup.wait !== "event") {
      const sleep = () => this.#leases.native.sleep(Math.min(blockMs, this.#gate.leftMs)) !== Flow.wouldBlock;
      this.#watch = new TurnWatch(this.#gate, this.#keepAlive, setup.wait === "block" ? sleep : () => true);
    }
    if (setup.comeback !== undefined) {
      const fail = (error: unknown) => {
        this.#failure = error;
        this.#gate.wake();
      };
      this.#supervisor = new Supervisor(setup.comeback, (next) => this.#adopt(next), fail);
    }
    this.#notice = new FrameNotice(this as EventEmitter, () => this.#arm(), this.#keepAlive);
    onFirstListener(this as EventEmitter, "statechange", () => {
      this.#trace = new StateTrace(this.state, (change) => this.emit("statechange", change));
    });
  }

  get state(): StreamState {
    return this.#closed ? "disconnected" : this.#host.state(this.#leases.native.state());
  }

  /** Why the connection ended; `none` while it has not. */
  get cause(): DisconnectCause {
    const cause = this.#host.cause(this.#info().cause);
    return cause === "none" && this.#closed ? "consumer-closed" : cause;
  }

  /** Number of the connection, as in the producer's events and stats; 0n before the producer is met. */
  get connection(): bigint {
    return this.#info().connection;
  }

  /** What the producer said about the end, for people; "" if nothing. */
  get reason(): string {
    return this.#info().reason;
  }

  get closed(): boolean {
    return this.#closed;
  }

  protected override get native(): NativeConsumer {
    return this.#leases.native;
  }

  /** The newest layout announced; undefined before the producer is met. Each frame has its own. */
  get layout(): FrameLayout | undefined {
    return this.#closed ? undefined : this.#leases.newestLayout;
  }

  /**
   * EGL's acquire. In `new-frame-available` the frame at once. In `old-frame-available` it waits for a new one, and
   * when `timeoutMs` is over gives the old frame again (`isNew` false). In `empty` it waits, then throws.
   * With `maxHeld` 1 the frame before this one is released by it. Without `timeoutMs` it waits as long as attribute
   * `consumerAcquireTimeoutUsec` says.
   * @throws StreamError ERR_BAD_STATE: reason `timeout` (nothing came), `closed` or `evicted` (disconnected);
   *   ERR_ABORTED; ERR_RESOURCE_BUSY: one acquire already waits; ERR_BAD_STREAM: closed by this side
   */
  acquire(options: WaitOptions = {}): Promise<ReadableFrame> {
    try {
      checkWaitOptions(options);
      this.#mustBeIdle();
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#wait<ReadableFrame>(this.#attemptAcquire, this.#giveUpAcquire, this.attributes.limit(options));
  }

  /** New frames only, and the flow of the stream as a `status`, never as an error. */
  next(options: WaitOptions = {}): Promise<Result<ReadableFrame>> {
    try {
      checkWaitOptions(options);
      this.#mustBeIdle();
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#wait<Result<ReadableFrame>>(this.#attemptNext, giveUpNext, options);
  }

  /** As `acquire`, without waiting: in `old-frame-available` the old frame again, unless `newOnly`. */
  tryAcquire(options: { newOnly?: boolean } = {}): Result<ReadableFrame> {
    this.#mustBeIdle();
    const taken = this.#take(options.newOnly ? newFramesOnly : anyFrame);
    return typeof taken === "string" ? { status: taken } : { status: "ok", frame: taken };
  }

  /**
   * New frames, each released at the next turn and at the end. Ends normally when the producer called closeInput or
   * stop, or this side closed; with `reconnect` it goes on in the producer's next life.
   * @throws StreamError ERR_PRODUCER_LOST, ERR_EVICTED
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<ReadableFrame, undefined, undefined> {
    return new FrameIterator({
      take: () => {
        const taken = this.#take(newFramesOnly);
        if (taken === "disconnected") throw this.gone(taken); // not an end
        return taken;
      },
      wait: (attempt) => {
        this.#mustBeIdle();
        return this.#wait(attempt, neverGivesUp, noLimits);
      },
      failure: () => iterationError(this.cause, this.reason),
    });
  }

  /** A snapshot of the newest connection; after close the last one. */
  stats(): ConsumerStats {
    const latency = this.#lastLatency ?? (this.#closed ? undefined : this.#leases.native.latency());
    const remote = this.#leases.native.remote?.();
    const stats = toConsumerStats(this.#host, this.#info(), this.#lives, latency, remote);
    return { ...stats, state: this.state, cause: this.cause };
  }

  /** Ends the connection and every lease. Resolves when writes in flight (`writeTo`) are done. */
  close(): Promise<void> {
    if (!this.#closed) this.#closing = this.#close();
    return this.#closing ?? Promise.resolve(); // a listener, called by the close, may call it again
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** A pending wait keeps the process alive (the default). */
  ref(): this {
    this.#keepAlive.ref();
    this.#watch?.start();
    return this;
  }

  /** A pending wait does not keep the process alive. */
  unref(): this {
    this.#keepAlive.unref();
    return this;
  }

  #wait<T>(attempt: Attempt<T>, giveUp: (why: GiveUp) => T, options: WaitOptions): Promise<T> {
    const result = this.#gate.wait(attempt, giveUp, options);
    this.#watch?.start();
    return result;
  }

  // ---------------------------------------------------------------- one try

  #take(flags: number): ReadableFrameLease | NoFrame {
    if (this.#closed) return "closed";
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#leases.blocked || (this.#lives.awaitsFirst && this.#lives.blocked)) {
      this.#notice.nothingTaken();
      return "would-block";
    }
    const flow = this.#nativeAcquire(flags | this.#pastEnd);
    if (flow === Flow.ok) {
      const frame = this.#leases.take();
      if (this.#lives.awaitsFirst) this.#lives.meet(frame);
      if (this.#trace !== undefined) this.#traceTaken(frame.isNew);
      if (this.#notice.active) this.#notice.look();
      return frame;
    }
    this.#notice.nothingTaken();
    if (this.#trace !== undefined) this.#look();
    const status = noFrame(flow);
    const away = status === "closed" && this.#comesBack();
    if (away && this.#setup.comeback?.whileAway === "fail") return "disconnected";
    if (!away && status !== "would-block") return status;
    return (flags === anyFrame ? this.#lives.lastFrame() : undefined) ?? "would-block";
  }

  #arm(): Outlook {
    if (this.#closed || this.#failure !== undefined) return "over";
    try {
      const flow = this.#leases.native.arm();
      if (flow === Flow.ok) return "frame";
      return flow === Flow.wouldBlock || this.#comesBack() ? "nothing" : "over";
    } catch {
      return "over"; // refused; an acquire says why
    }
  }

  #nativeAcquire(flags: number): number {
    try {
      return this.#leases.native.tryAcquire(
        this.#watch?.usable && !this.#notice.active ? flags | this.#waitFlags : flags,
      );
    } catch (error) {
      throw wrapNativeError(error);
    }
  }

  /** The connection is over; true: another one will follow by itself. */
  #comesBack(): boolean {
    if (this.#supervisor === undefined || !canReconnect(this.cause)) return false;
    this.#supervisor.start();
    return true;
  }

  readonly #attemptAcquire = (): ReadableFrame | undefined => {
    const taken = this.#take(newFramesOnly);
    if (typeof taken !== "string") return taken;
    if (taken !== "would-block") throw this.gone(taken);
    if (this.#setup.strict && this.state === "connecting") {
      throw new StreamError("ERR_BAD_STATE", "acquire: no producer is connected, and the stream is strict");
    }
    return undefined;
  };

  readonly #giveUpAcquire = (why: GiveUp): ReadableFrame => {
    if (why === "aborted") throw aborted("acquire");
    const taken = this.#take(anyFrame);
    if (typeof taken !== "string") return taken;
    if (taken !== "would-block") throw this.gone(taken);
    const text = `acquire: no frame came within timeoutMs in state ${this.state}; use next() to get this as a status`;
    throw new StreamError("ERR_BAD_STATE", text, { reason: "timeout" });
  };

  readonly #attemptNext = (): Result<ReadableFrame> | undefined => {
    const taken = this.#take(newFramesOnly);
    if (typeof taken !== "string") return { status: "ok", frame: taken };
    return taken === "would-block" ? undefined : { status: taken };
  };

  #mustBeIdle(): void {
    if (!this.#gate.busy) return;
    throw new StreamError("ERR_RESOURCE_BUSY", "an acquire already waits; await it first, or open another connection");
  }

  // ---------------------------------------------------------------- from the addon

  #own(consumer: NativeConsumer): ReadLeases {
    this.#host.register(consumer.id, { onWake: () => this.#wake(), onEvent: (event) => this.#onEvent(event) });
    this.attributes.follow(consumer);
    const onLayout = (change: FormatChangeEvent) => this.emit("formatchange", change);
    return new ReadLeases(this.#host, consumer, () => this.#onRoom(), onLayout);
  }

  /** Most often nobody waits for it. */
  #onRoom(): void {
    if (this.#gate.busy || this.#notice.active) this.#lookAgain();
  }

  #lookAgain(): void {
    this.#gate.wake();
    this.#watch?.start();
    if (this.#notice?.active) this.#notice.look();
  }

  #wake(): void {
    this.#lookAgain();
    if (this.#closed) return;
    if (this.#trace !== undefined) this.#look();
    // Nobody waits, but the next life should not begin only when somebody does.
    if (this.#supervisor !== undefined && !this.#gate.busy && this.state === "disconnected") this.#comesBack();
  }

  #onEvent(event: NativeEvent): void {
    this.#leases.lookAtLayout();
    if (event.kind === EventKind.state && this.#trace !== undefined) {
      this.#trace.advance(this.#host.state(event.newState), event.connection, this.#host.cause(event.code));
    }
    this.#wake();
    this.told(event); // last: a listener may throw
  }

  #adopt(next: NativeConsumer): void {
    const old = this.#leases;
    this.#host.unregister(old.native.id);
    this.#leases = this.#own(next);
    this.#lives.leave(old);
    const info = next.info();
    this.emit("reconnected", { connection: info.connection, epoch: info.epoch });
    // A new connection starts a chain of its own.
    if (this.#trace !== undefined) {
      this.#trace = new StateTrace("initializing", (change) => this.emit("statechange", change));
    }
    this.#wake();
  }

  async #close(): Promise<void> {
    this.#closed = true;
    const info = this.#leases.native.info();
    // What waits now will never be read, and nothing stays leased.
    this.#lastLatency = this.#leases.native.latency();
    this.#lastInfo = { ...info, discarded: info.discarded + info.waiting, waiting: 0n, held: 0n };
    this.#supervisor?.stop();
    this.#notice.stop();
    this.#host.unregister(this.#leases.native.id);
    this.#trace?.advance("disconnected", info.connection, this.cause);
    this.#gate.wake();
    await Promise.all([this.#leases.close(), this.#lives.close()]);
    this.#setup.onClosed();
  }

  #info(): NativeConsumerInfo {
    return this.#lastInfo ?? this.#leases.native.info();
  }

  // ---------------------------------------------------------------- state changes

  #look(): void {
    const info = this.#leases.native.info();
    this.#trace?.advance(this.#host.state(info.state), info.connection, this.#host.cause(info.cause));
  }

  /** A new frame was there before it was taken, whether or not anybody looked. */
  #traceTaken(isNew: boolean): void {
    if (isNew) this.#trace?.advance("new-frame-available", this.#leases.native.info().connection);
    this.#look();
  }
}
