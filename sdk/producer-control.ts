/** What a producer does to its stream as a whole, beside the frames. `Producer` is the rest. */
import { EventEmitter } from "node:events";
import { EventKind, type NativeEvent, type NativeMark, type NativeProducer } from "../native/binding.ts";
import { native, StreamError } from "./base/errors.ts";
import type { ConnectedConsumer, StreamInfo, StreamMetadata } from "./base/info-types.ts";
import { checkStreamMetadata, parseStreamMetadata } from "./base/stream-metadata.ts";
import type { StreamEvents, UserInfo } from "./base/types.ts";
import type { BindingHost } from "./binding-host.ts";
import { ConsumerIndexes } from "./consumer-indexes.ts";
import { emitAside } from "./emit-aside.ts";
import { toStreamInfo } from "./stream-info.ts";
import { parseUserInfo, setUserInfo } from "./user-info.ts";

/** @internal */
export abstract class ProducerControl extends EventEmitter<StreamEvents> {
  /** The stream's name. */
  protected readonly stream: string | undefined;
  readonly #host: BindingHost;
  readonly #native: NativeProducer;
  readonly #indexes: ConsumerIndexes;
  #paused = false;

  constructor(host: BindingHost, producer: NativeProducer, stream: string | undefined) {
    super();
    this.stream = stream;
    this.#host = host;
    this.#native = producer;
    this.#indexes = new ConsumerIndexes(host);
  }

  abstract get closed(): boolean;

  /** States may have changed, and those who wait may go on. */
  protected abstract changed(): void;

  protected mustBeOpen(): void {
    if (this.closed) throw new StreamError("ERR_BAD_STREAM", "the producer is closed", { reason: "closed" });
  }

  /** Whether posts are dropped. */
  get paused(): boolean {
    return this.#paused;
  }

  protected pauseStats(): { paused: boolean; droppedPaused: bigint } {
    return { paused: this.#paused, droppedPaused: this.#native.droppedPaused() };
  }

  /**
   * The connected consumers by index. A consumer has the lowest index that was free when it came, until it ends; where
   * one has gone there is undefined.
   */
  get consumers(): readonly (ConnectedConsumer | undefined)[] {
    return this.closed ? [] : this.#indexes.look(this.#native.connections());
  }

  /**
   * What this producer told about the stream, and what is measured of it.
   * @throws StreamError ERR_BAD_STREAM: closed
   */
  info(): StreamInfo {
    this.mustBeOpen();
    const report = {
      info: this.#native.info(),
      connections: this.#native.connections(),
      streamInfo: native(() => this.#native.streamInfo()),
    };
    return toStreamInfo(this.#host, this.stream, report);
  }

  /**
   * Tells something about the stream: what is named here replaces what was told of it, the rest stays; undefined takes
   * it back. Consumers and observers have it at once, wherever they are; event `info`.
   * @throws StreamError ERR_BAD_PARAMETER: an unknown field, a wrong type, more than 2048 bytes as JSON; ERR_BAD_STATE:
   *   after closeInput or stop; ERR_BAD_STREAM: closed
   */
  updateInfo(info: StreamMetadata): void {
    this.mustBeOpen();
    const changed = checkStreamMetadata(info);
    const before = parseStreamMetadata(native(() => this.#native.streamInfo()).text);
    const text = JSON.stringify({ ...before, ...changed });
    native(() => this.#native.setStreamInfo(text));
    emitAside(() => this.emit("info", parseStreamMetadata(text)));
  }

  /** @internal */
  newestMark(): NativeMark {
    return native(() => this.#native.newest());
  }

  /** Of every connection. @internal */
  consumerLatencies(): number[] {
    return this.#native.connections().map(({ latencyUs }) => latencyUs);
  }

  /** Indexes are given in the order of events, whether or not anybody looks. */
  protected noteConsumers(event: NativeEvent): void {
    const changed = event.kind === EventKind.connected || event.kind === EventKind.disconnected;
    if (changed && !this.closed) this.#indexes.look(this.#native.connections());
  }

  /** Ends one connection, by the id of its events and stats. Its held slots are free when it is gone. */
  evict(connection: bigint, reason = ""): void {
    this.mustBeOpen();
    native(() => this.#native.evict(connection, reason));
  }

  /**
   * Empties the stream without ending it. Waiting frames are dropped and count as `discarded`; held ones stay readable
   * until they are released, but no old frame can be acquired again: every connection is `empty`. Numbers and counters
   * go on, and a post that waits in a full queue finds its place.
   * @throws StreamError ERR_BAD_ACCESS: the stream was made without `supportReset`; ERR_BAD_STATE: after closeInput or
   *   stop; ERR_BAD_STREAM: closed
   */
  reset(): void {
    this.mustBeOpen();
    native(() => this.#native.reset());
    this.changed();
  }

  /**
   * From here on every post, also one that waits, is dropped at once: it resolves with its number, and event `dropped`
   * has reason `paused`. Consumers stay connected and read what waits. Once more is a silent success.
   * @throws StreamError ERR_BAD_STREAM: closed
   */
  pause(): void {
    this.#setPaused(true);
  }

  /**
   * Posts reach the consumers again. Numbers went on meanwhile, so the first frame's `skipped` has the gap.
   * @throws StreamError ERR_BAD_STREAM: closed
   */
  resume(): void {
    this.#setPaused(false);
  }

  /**
   * Sticky metadata: writes `bytes` at `offset` of a block, which grows to hold them, zeros in between. Every frame
   * posted from now on carries a snapshot, see `frame.metadataBlock()`. No bytes, no effect.
   * @param block 0 to 3. All blocks and a frame's own `metadata` together have at most 4096 bytes.
   * @throws StreamError ERR_BAD_PARAMETER: no such block, too many bytes; ERR_BAD_STATE: after closeInput or stop, or
   *   strict and no consumer is connected; ERR_BAD_STREAM: closed
   */
  setMetadata(block: number, offset: number, bytes: Uint8Array): void {
    this.mustBeOpen();
    native(() => this.#native.setMetadata(block, offset, bytes));
  }

  /**
   * What every consumer can read before its first frame, as `connectProducer`'s option `userInfo`.
   * @throws StreamError ERR_BAD_STATE: too late, a consumer has its hand-shake behind it; ERR_BAD_PARAMETER: no map of
   *   strings, or more than 1024 bytes; ERR_BAD_STREAM: closed
   */
  setUserInfo(info: UserInfo): void {
    this.mustBeOpen();
    setUserInfo(this.#native, info);
  }

  /**
   * What a connection's consumer told about itself; empty when nothing. There by its event `connected`.
   * @throws StreamError ERR_BAD_PARAMETER: no such connection; ERR_BAD_STREAM: closed
   */
  userInfoOf(connection: bigint): UserInfo {
    this.mustBeOpen();
    return parseUserInfo(native(() => this.#native.userInfo(connection)));
  }

  #setPaused(paused: boolean): void {
    this.mustBeOpen();
    native(() => this.#native.pause(paused));
    this.#paused = paused;
    this.changed();
  }
}
