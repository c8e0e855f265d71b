/** What a consumer does beside taking frames. `Consumer` is the rest. */
import { EventEmitter } from "node:events";
import { EventKind, type NativeConsumer, type NativeEvent } from "../native/binding.ts";
import { queryAttribute, setAttribute } from "./attributes.ts";
import { AutoAcquire, type FrameCallback } from "./auto-acquire.ts";
import { native, StreamError } from "./base/errors.ts";
import type { SettableAttribute, StreamAttributes, StreamInfo } from "./base/info-types.ts";
import { parseStreamMetadata } from "./base/stream-metadata.ts";
import type {
  ConsumerEvents,
  DisconnectCause,
  PendingFrame,
  ReadableFrame,
  Result,
  StreamState,
  UserInfo,
  WaitOptions,
} from "./base/types.ts";
import { ConsumerAttributes } from "./consumer-attributes.ts";
import type { ConsumerSetup } from "./consumer-setup.ts";
import { iterationError, type NoFrame } from "./flow.ts";
import { ptsOf } from "./frame.ts";
import { parseUserInfo, setUserInfo } from "./user-info.ts";

/** @internal */
export abstract class ConsumerControl extends EventEmitter<ConsumerEvents> {
  /** @internal */
  readonly attributes: ConsumerAttributes;
  readonly #askInfo: ConsumerSetup["info"];
  #auto: AutoAcquire | undefined;

  constructor({ initial, settings, info }: ConsumerSetup) {
    super();
    this.attributes = new ConsumerAttributes(initial, settings, this);
    this.#askInfo = info;
  }

  abstract get state(): StreamState;
  abstract get closed(): boolean;
  abstract get cause(): DisconnectCause;
  abstract get reason(): string;
  abstract next(options?: WaitOptions): Promise<Result<ReadableFrame>>;
  /** The newest connection's. */
  protected abstract get native(): NativeConsumer;

  /**
   * The frame that `acquire` would give now, without taking it: the next one by the mode; in `old-frame-available` the
   * old one; undefined when there is none. In an overwriting mode a newer one may replace it before it is acquired.
   */
  peek(): PendingFrame | undefined {
    if (this.closed) return undefined;
    const pending = native(() => this.native.peek());
    return pending && { number: pending.number, pts: ptsOf(pending.pts), isNew: pending.isNew };
  }

  /**
   * What the producer can read before the first frame, as `connectConsumer`'s option `userInfo`.
   * @throws StreamError ERR_BAD_STATE: too late, the hand-shake is over; ERR_BAD_PARAMETER: no map of strings, or more
   *   than 1024 bytes; ERR_BAD_STREAM: closed
   */
  setUserInfo(info: UserInfo): void {
    setUserInfo(this.native, info);
  }

  /** What the producer told about itself; empty when nothing, before it is met, and once closed. */
  get producerInfo(): UserInfo {
    return this.closed ? {} : parseUserInfo(native(() => this.native.userInfo()));
  }

  /**
   * What the producer tells about the stream, and what is measured of it; see `stream.info()`. Event `info` says when
   * the producer told something new.
   * @throws StreamError as `stream.info()`
   */
  info(options: WaitOptions = {}): Promise<StreamInfo> {
    return this.#askInfo(options);
  }

  /**
   * An attribute of this consumer by EGL's name. In every state, also `disconnected`.
   * @throws StreamError ERR_BAD_ATTRIBUTE: there is none of that name; ERR_BAD_STREAM: closed
   */
  query<Name extends keyof StreamAttributes>(name: Name): StreamAttributes[Name] {
    return queryAttribute(this.attributes, name);
  }

  /**
   * Sets an attribute of this consumer by EGL's name. It stays when `reconnect` makes another connection.
   * @throws StreamError ERR_BAD_ATTRIBUTE: there is none of that name; ERR_BAD_ACCESS: it can only be queried;
   *   ERR_BAD_STATE: disconnected; ERR_BAD_PARAMETER: out of range; ERR_BAD_STREAM: closed
   */
  set(name: SettableAttribute, value: number): void {
    setAttribute(this.attributes, name, value);
  }

  /** Whether `autoAcquire` has a callback. */
  get autoAcquiring(): boolean {
    return this.#auto !== undefined;
  }

  /**
   * EGL's auto-acquire: every new frame goes to `callback`, one after the other; each lease ends when the callback
   * returns, or when the promise that it returns settles. What waits is taken at once. `undefined` switches it off;
   * a callback that runs is awaited. Meanwhile do not acquire by other ways.
   * @returns resolves when it was switched off, or the iteration would end normally
   * @throws StreamError ERR_RESOURCE_BUSY: it is on already, or an acquire waits; ERR_PRODUCER_LOST, ERR_EVICTED;
   *   ERR_BAD_STATE, reason `disconnected`: `whileAway` is "fail" and the producer went; whatever the callback throws
   */
  async autoAcquire(callback: FrameCallback | undefined): Promise<void> {
    if (callback === undefined) return this.#auto?.stop();
    if (this.#auto !== undefined) throw new StreamError("ERR_RESOURCE_BUSY", "autoAcquire is on; switch it off first");
    const auto = new AutoAcquire((options) => this.next(options), callback);
    this.#auto = auto;
    let why: NoFrame;
    try {
      why = await auto.done;
    } finally {
      this.#auto = undefined;
    }
    if (why === "aborted" || this.closed) return;
    const failure = why === "disconnected" ? this.gone(why) : iterationError(this.cause, this.reason);
    if (failure !== undefined) throw failure;
  }

  protected told(event: NativeEvent): void {
    if (!this.closed && event.kind === EventKind.streamInfo)
      this.emit("info", parseStreamMetadata(this.native.streamInfo()));
  }

  /** For whoever waits for a frame that will not come. */
  protected gone(status: NoFrame): StreamError {
    if (this.closed) return new StreamError("ERR_BAD_STREAM", "acquire: the consumer is closed", { reason: "closed" });
    const why = this.reason === "" ? this.cause : `${this.cause}: ${this.reason}`;
    return new StreamError("ERR_BAD_STATE", `acquire: the connection has ended (${why})`, { reason: status });
  }
}
