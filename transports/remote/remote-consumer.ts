/**
 * A consumer whose producer is behind a link. Its frames wait and are leased in a stream of this process, as any other
 * consumer's; what a frame is called, and why the connection ended, comes from the producer.
 */
import { AcquireFlag, Flow, FrameInfo, type NativeConsumer, type NativeConsumerInfo } from "../../native/binding.ts";
import type { RemoteStats } from "../../sdk/base/stats-types.ts";
import type { CreditBook } from "./credit-book.ts";
import type { FrameOrigin, FrameOrigins } from "./frame-origins.ts";
import type { NativeHost } from "./host.ts";

/** What the other end said, as far as it is known. */
export interface PeerView {
  connection: bigint;
  epoch: bigint;
  /** es_cause; 0 while the connection lives. */
  cause: number;
  reason: string;
  userInfo: string;
  streamInfo: string;
  /** Sends what the application says. */
  setUserInfo(text: string): void;
  setLatency(us: number): void;
  toOurClock(time: bigint): bigint;
  stats(): RemoteStats;
  close(): void;
}

/** es_state. */
const disconnected = 6;
const unknown = { number: 0n, pts: -(2n ** 63n) };

export class RemoteConsumer implements NativeConsumer {
  readonly id: number;
  readonly kept: NativeConsumer["kept"];
  readonly #host: NativeHost;
  readonly #local: NativeConsumer;
  readonly #peer: PeerView;
  readonly #origins: FrameOrigins;
  readonly #credits: CreditBook;
  #acquired: FrameOrigin | undefined;
  /** Its number here. */
  #acquiredLocal = 0n;
  /** Of the newest frame acquired, as it was told then. */
  #skipped = 0n;
  #delivered = 0n;
  /** Frames here are numbered from 1 without a gap: those up to this one have left their places. */
  #freed = 0n;

  constructor(
    host: NativeHost,
    local: NativeConsumer,
    peer: PeerView,
    { origins, credits }: { origins: FrameOrigins; credits: CreditBook },
  ) {
    this.#host = host;
    this.#local = local;
    this.#peer = peer;
    this.#origins = origins;
    this.#credits = credits;
    this.id = local.id;
    this.kept = local.kept;
  }

  tryAcquire(flags: number): number {
    const flow = this.#local.tryAcquire(flags);
    if (flow === Flow.ok) this.#rename();
    else if (flow === Flow.wouldBlock && (flags & AcquireFlag.newOnly) !== 0) this.#credits.wanted();
    return flow;
  }

  view(lease: number): ArrayBuffer {
    return this.#local.view(lease);
  }

  viewToKeep(lease: number): ArrayBuffer {
    return this.#local.viewToKeep(lease);
  }

  metadata(lease: number): Uint8Array {
    return this.#local.metadata(lease);
  }

  metadataBlock(lease: number, block: number): Uint8Array {
    return this.#local.metadataBlock(lease, block);
  }

  release(lease: number, kept?: ArrayBuffer): void {
    this.#local.release(lease, kept);
  }

  /** Frames come through the event loop, so it must not stand still: as `poll`. */
  sleep(): number {
    return Flow.timeout;
  }

  consume(count: number): void {
    this.#local.consume(count);
  }

  peek(): { number: bigint; pts: bigint; isNew: boolean } | undefined {
    const pending = this.#local.peek();
    return pending && { ...pending, number: this.#nameOf(pending.number) };
  }

  arm(): number {
    const flow = this.#local.arm();
    if (flow === Flow.wouldBlock) this.#credits.wanted();
    return flow;
  }

  setUserInfo(text: string): void {
    this.#local.setUserInfo(text); // checks it
    this.#peer.setUserInfo(text);
  }

  userInfo(): string {
    return this.#peer.userInfo;
  }

  streamInfo(): string {
    return this.#peer.streamInfo;
  }

  setLatency(us: number): void {
    this.#local.setLatency(us);
    this.#peer.setLatency(us);
  }

  marks(): ReturnType<NativeConsumer["marks"]> {
    const mark = (origin: FrameOrigin | undefined) => origin && { number: origin.number, pts: origin.pts };
    return { newest: mark(this.#origins.newest) ?? unknown, acquired: mark(this.#acquired) ?? unknown };
  }

  resetNumber(): bigint {
    return this.#local.resetNumber();
  }

  state(): number {
    return this.#unseated ? disconnected : this.#local.state();
  }

  info(): NativeConsumerInfo {
    const info = this.#local.info();
    const { connection, epoch, cause, reason } = this.#peer;
    const { skipped, discarded } = this.#origins.atProducer;
    const sums = {
      posted: info.posted + skipped + discarded,
      skipped: info.skipped + skipped,
      discarded: info.discarded + discarded,
    };
    // A cause of this side's own tells nothing that the application should know, unless it closed by itself.
    const over = this.#unseated || (info.cause !== 0 && cause !== 0);
    const ended = over ? { cause, reason } : {};
    return { ...info, ...sums, connection, epoch, ...ended };
  }

  latency(): BigUint64Array | undefined {
    return this.#local.latency();
  }

  format(layout: number): ReturnType<NativeConsumer["format"]> {
    return this.#local.format(layout);
  }

  remote(): RemoteStats {
    return this.#peer.stats();
  }

  close(): void {
    this.#local.close();
    this.#peer.close();
  }

  /** Something was discarded or overwritten here: its places are free. */
  tellFreed(upTo = this.#origins.newestLocal): void {
    if (upTo <= this.#freed) return;
    this.#credits.freed(upTo - this.#freed, this.#acquired?.number, upTo - this.#delivered);
    this.#freed = upTo;
  }

  /** The other end turned it away. */
  get #unseated(): boolean {
    return this.#peer.connection === 0n && this.#peer.cause !== 0;
  }

  #rename(): void {
    const info = this.#host.binding.frameInfo;
    const local = info[FrameInfo.number] as bigint;
    const origin = local === this.#acquiredLocal ? this.#acquired : this.#origins.get(local);
    if (origin === undefined) return;
    this.#acquiredLocal = local;
    if (info[FrameInfo.isNew] !== 0n) {
      const passedOver = origin.skippedBefore - (this.#acquired?.skippedBefore ?? 0n);
      this.#skipped = (info[FrameInfo.skipped] as bigint) + passedOver;
      this.#acquired = origin;
      this.#origins.forgetBefore(local);
      this.#delivered++;
      this.tellFreed(local);
    }
    info[FrameInfo.number] = origin.number;
    info[FrameInfo.epoch] = BigInt.asIntN(64, origin.epoch);
    info[FrameInfo.skipped] = this.#skipped;
    info[FrameInfo.captured] = this.#peer.toOurClock(origin.captured);
    info[FrameInfo.posted] = this.#peer.toOurClock(origin.posted);
  }

  #nameOf(local: bigint): bigint {
    const origin = local === this.#acquiredLocal ? this.#acquired : this.#origins.get(local);
    return origin?.number ?? local;
  }
}
