/** The consumer of a page: one stream's frames, by acquire, by next, or by `for await`. */
import { StreamError } from "../base/errors.ts";
import { canReconnect, hopeless, pausesMs } from "../base/reconnect.ts";
import type { ConsumerStats, RemoteStats } from "../base/stats-types.ts";
import type { ConsumerEvents, DisconnectCause, FrameLayout, Result, StreamState, WaitOptions } from "../base/types.ts";
import { neverGivesUp } from "../consumer-waits.ts";
import { aborted, iterationError, type NoFrame } from "../flow.ts";
import { FrameIterator } from "../frame-iterator.ts";
import { StateTrace } from "../state-trace.ts";
import type { GiveUp } from "../wait.ts";
import { Connection, type ConnectionUser, whenMet } from "./connection.ts";
import { EarlierLives } from "./earlier-lives.ts";
import { Emitter } from "./emitter.ts";
import { FrameWait } from "./frame-wait.ts";
import { type ConnectRequest, checkWait } from "./options.ts";
import type { BrowserFrame, ReceivedFrame } from "./received-frame.ts";

/** As in Node. Of the newest connection, after close of the last one. */
export interface BrowserConsumerStats extends Omit<ConsumerStats, "latency" | "remote"> {
  /** Our clock is the page's, `performance.now()`; browsers round it. */
  remote: Omit<RemoteStats, "transfer">;
}

export type BrowserConsumerEvents = Pick<ConsumerEvents, "statechange" | "frame" | "formatchange" | "reconnected">;

/**
 * Made by `connectConsumer()`.
 *
 * Events, with `on`, `once` and `off`: `statechange`; `frame` when frames wait where none did; `formatchange` before
 * the first frame of another layout; `reconnected` with `reconnect`.
 * @example
 * const view = createFrameView(document.querySelector("canvas"));
 * for await (const frame of consumer) view.draw(frame);
 */
export class BrowserConsumer extends Emitter<BrowserConsumerEvents> implements AsyncIterable<BrowserFrame> {
  readonly #request: ConnectRequest;
  readonly #user: ConnectionUser = {
    onChange: () => this.#changed(),
    onFormat: (change) => this.emit("formatchange", change),
  };
  readonly #lives = new EarlierLives();
  readonly #wait = new FrameWait();
  readonly #stop = new AbortController();
  #life: Connection;
  /** The life before, until the newest one brings a frame: somebody may still read the last of its frames. */
  #before: Connection | undefined;
  #trace: StateTrace;
  /** The first connection came about: from then on a lost one is followed by another. */
  #met = false;
  /** A frame waited at the last look. */
  #waited = false;
  #searching = false;
  /** A next life was found, and its producer is not known yet. */
  #unmet = false;
  #failure: StreamError | undefined;

  /** @internal Connects; `met` says when that is done. */
  constructor(request: ConnectRequest) {
    super();
    this.#request = request;
    this.#trace = this.#newTrace();
    this.#life = new Connection(request, { epoch: 0n, connection: 0n }, this.#user);
  }

  /** @internal @throws StreamError why it did not come about */
  async met(signal: AbortSignal | undefined): Promise<void> {
    await whenMet(this.#life, this.#request.connectTimeoutMs, signal);
    this.#met = true;
    this.#changed(); // it may be over again
  }

  get state(): StreamState {
    return this.#life.state;
  }

  /** Why the connection ended; `none` while it has not. */
  get cause(): DisconnectCause {
    return this.#life.cause;
  }

  /** What the producer said about the end, or what became of the connection, for people; "" if nothing. */
  get reason(): string {
    return this.#life.reason;
  }

  /** Number of the connection, as in the producer's events and stats. */
  get connection(): bigint {
    return this.#life.connection;
  }

  get closed(): boolean {
    return this.#stop.signal.aborted;
  }

  /** The newest layout announced; undefined before the first. Each frame has its own. */
  get layout(): FrameLayout | undefined {
    return this.#life.layout;
  }

  /**
   * EGL's acquire. In `new-frame-available` the frame at once. In `old-frame-available` it waits for a new one, and
   * when `timeoutMs` is over gives the old frame again (`isNew` false). In `empty` it waits, then throws. The frame
   * before this one is released by it.
   * @throws StreamError ERR_BAD_STATE: reason `timeout` (nothing came), `closed` or `evicted` (disconnected);
   *   ERR_ABORTED; ERR_RESOURCE_BUSY: one acquire already waits; ERR_BAD_STREAM: closed by this side
   */
  async acquire(options: WaitOptions = {}): Promise<BrowserFrame> {
    this.#check(options);
    return this.#wait.wait<BrowserFrame>(this.#attemptAcquire, this.#giveUpAcquire, options);
  }

  /** New frames only, and the flow of the stream as a `status`, never as an error. */
  async next(options: WaitOptions = {}): Promise<Result<BrowserFrame>> {
    this.#check(options);
    return this.#wait.wait<Result<BrowserFrame>>(this.#attemptNext, (status) => ({ status }), options);
  }

  /** As `acquire`, without waiting: in `old-frame-available` the old frame again, unless `newOnly`. */
  tryAcquire({ newOnly = false }: { newOnly?: boolean } = {}): Result<BrowserFrame> {
    this.#check({});
    const taken = this.#take(newOnly);
    return typeof taken === "string" ? { status: taken } : { status: "ok", frame: taken };
  }

  /**
   * New frames, each released at the next turn and at the end. Ends normally when the producer called closeInput or
   * stop, or this side closed; with `reconnect` it goes on in the producer's next life.
   * @throws StreamError ERR_PRODUCER_LOST, ERR_EVICTED
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<BrowserFrame, undefined, undefined> {
    return new FrameIterator<BrowserFrame>({
      take: () => this.#take(true),
      wait: async (attempt) => {
        this.#check({});
        return this.#wait.wait(attempt, neverGivesUp, {});
      },
      failure: () => iterationError(this.cause, this.reason),
    });
  }

  /** A snapshot. posted = delivered + skipped + discarded + waiting, always. */
  stats(): BrowserConsumerStats {
    const life = this.#life;
    const lives = this.#lives;
    return {
      connection: life.connection,
      epoch: life.epoch,
      state: life.state,
      cause: life.cause,
      mode: this.#request.mode,
      ...life.counters,
      held: life.held,
      reconnects: lives.reconnects,
      previous: lives.previous,
      missed: lives.missed,
      lifetime: lives.lifetime(life),
      remote: life.remote,
    };
  }

  /** Ends the connection and the lease. Once more is a silent success. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.#stop.abort();
    this.#before?.close();
    this.#life.close();
    this.#changed();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #check(options: WaitOptions): void {
    checkWait(options);
    if (!this.#wait.busy) return;
    throw new StreamError("ERR_RESOURCE_BUSY", "an acquire already waits; await it first, or open another connection");
  }

  // ---------------------------------------------------------------- one try

  #take(newOnly: boolean): ReceivedFrame | NoFrame {
    if (this.#failure !== undefined && !this.closed) throw this.#failure;
    const taken = this.#life.take(newOnly);
    if (typeof taken !== "string") {
      this.#lives.meet(taken);
      this.#before?.close();
      this.#before = undefined;
    }
    this.#tell();
    return taken === "closed" && this.#comesBack() ? "would-block" : taken;
  }

  readonly #attemptAcquire = (): BrowserFrame | undefined => {
    const taken = this.#take(true);
    if (typeof taken !== "string") return taken;
    if (taken !== "would-block") throw this.#gone(taken);
    return undefined;
  };

  readonly #giveUpAcquire = (why: GiveUp): BrowserFrame => {
    if (why === "aborted") throw aborted("acquire");
    const taken = this.#take(false);
    if (typeof taken !== "string") return taken;
    if (taken !== "would-block") throw this.#gone(taken);
    const text = `acquire: no frame came within timeoutMs in state ${this.state}; use next() to get this as a status`;
    throw new StreamError("ERR_BAD_STATE", text, { reason: "timeout" });
  };

  readonly #attemptNext = (): Result<BrowserFrame> | undefined => {
    const taken = this.#take(true);
    if (typeof taken !== "string") return { status: "ok", frame: taken };
    return taken === "would-block" ? undefined : { status: taken };
  };

  /** For whoever waits for a frame that will not come. */
  #gone(status: NoFrame): StreamError {
    if (this.closed) return new StreamError("ERR_BAD_STREAM", "acquire: the consumer is closed", { reason: "closed" });
    const why = this.reason === "" ? this.cause : `${this.cause}: ${this.reason}`;
    return new StreamError("ERR_BAD_STATE", `acquire: the connection has ended (${why})`, { reason: status });
  }

  // ---------------------------------------------------------------- what happens at the connection

  #changed(): void {
    this.#tell();
    this.#wait.wake();
    if (this.state === "disconnected") this.#comesBack();
  }

  /** States that were passed since the last look, and whether frames wait where none did. */
  #tell(): void {
    const { state, connection, cause } = this.#life;
    this.#trace.advance(state, connection, cause);
    if (this.#unmet && this.#life.epoch !== 0n) {
      this.#unmet = false;
      this.emit("reconnected", { connection, epoch: this.#life.epoch });
    }
    const waits = state === "new-frame-available";
    if (waits && !this.#waited) {
      this.#waited = true;
      this.emit("frame");
    }
    this.#waited = waits;
  }

  // ---------------------------------------------------------------- the producer's next life

  /** The connection is over; true: another one will follow by itself. */
  #comesBack(): boolean {
    const { backoff } = this.#request;
    if (backoff === undefined || !this.#met || this.closed || this.#failure !== undefined) return false;
    if (!canReconnect(this.cause)) return false;
    if (!this.#searching) void this.#search(backoff); // never rejects: every outcome is told
    return true;
  }

  async #search(backoff: NonNullable<ConnectRequest["backoff"]>): Promise<void> {
    this.#searching = true;
    let last: StreamError | undefined;
    for (const ms of pausesMs(backoff)) {
      await new Promise((resolve) => setTimeout(resolve, ms));
      if (this.closed) return;
      try {
        await this.#reopen();
        return;
      } catch (error) {
        last = error as StreamError;
        if (this.closed) return;
        if (!hopeless.has(last.code)) continue;
        this.#fail(last);
        return;
      }
    }
    const attempts = `within ${backoff.attempts} attempts; the last one: ${last?.message}`;
    const text = `the producer went and did not come back ${attempts}`;
    this.#fail(new StreamError("ERR_PRODUCER_LOST", text, { reason: "closed", cause: last }));
  }

  async #reopen(): Promise<void> {
    const old = this.#life;
    const next = new Connection(this.#request, { epoch: old.epoch, connection: old.connection }, this.#user);
    await whenMet(next, this.#request.connectTimeoutMs, this.#stop.signal);
    this.#lives.leave(old);
    this.#before?.close();
    this.#before = old;
    this.#life = next;
    this.#trace = this.#newTrace(); // a new connection starts a chain of its own
    this.#searching = false;
    this.#unmet = true;
    this.#changed();
  }

  #fail(error: StreamError): void {
    this.#failure = error;
    this.#wait.wake();
  }

  #newTrace(): StateTrace {
    return new StateTrace("initializing", (change) => this.emit("statechange", change));
  }
}
