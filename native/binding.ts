/**
 * The exact type of the native addon, and the only place where it is declared.
 * Internal: applications import `edgestream`.
 *
 * The truth is `native/include/edgestream.h`; names and numbers here mirror it. Verbs return an `es_result` number for
 * flow (0 ok, positive) and throw an Error with `code` (an EGL-style name) and `message` for mistakes and faults
 * (negative). One environment (the main thread, or one worker) has one context; all objects belong to it.
 */

import type { RemoteStats } from "../sdk/base/stats-types.ts";

/** es_result: what a verb says when nothing is broken. */
export const Flow = { ok: 0, wouldBlock: 1, timeout: 2, closed: 3, evicted: 4, aborted: 5 } as const;

/** es_event_kind. */
export const EventKind = {
  readable: 1,
  writable: 2,
  state: 3,
  connected: 4,
  disconnected: 5,
  stalled: 6,
  lagged: 7,
  refused: 8,
  format: 9,
  report: 10,
  producer: 11,
  recovered: 12,
  heldTooLong: 13,
  dropped: 14,
  streamInfo: 15,
} as const;

/** Index into `NativeBinding.frameInfo` after `tryAcquire` returned Flow.ok. The times are ns; no pts is INT64_MIN. */
export const FrameInfo = {
  lease: 0,
  number: 1,
  skipped: 2,
  epoch: 3,
  pts: 4,
  duration: 5,
  captured: 6,
  posted: 7,
  acquired: 8,
  size: 9,
  metadataSize: 10,
  layout: 11,
  slot: 12,
  isNew: 13,
  length: 16,
} as const;

/** Index into `NativeBinding.keepAlive`. */
export const KeepAliveWord = { holds: 0, referenced: 1, length: 2 } as const;

/** ES_ACQUIRE_*. */
export const AcquireFlag = { any: 0, newOnly: 1, keepPlace: 2, noWake: 4, spin: 8, pastEnd: 16 } as const;

/** Index into `NativeBinding.postInfo`, written before `tryPost`. Zero: default (see es_post_info). */
export const PostInfo = { pts: 0, duration: 1, captured: 2, size: 3, length: 4 } as const;

/** es_step: the first index of `es_latency.bucket`, and the index of `es_latency.max`. */
export const Step = { post: 0, wake: 1, acquire: 2, hold: 3, deliver: 4, count: 5 } as const;

/** ES_LATENCY_BUCKETS. A latency is `Step.count` times this many buckets, then `Step.count` longest times in ns. */
export const latencyBuckets = 224;

/** Index into one step's part of `NativeBinding.latencySummary`. */
export const SummaryField = { frames: 0, p50: 1, p90: 2, p99: 3, max: 4, length: 5 } as const;

export interface NativePlane {
  offset: number;
  stride: number;
  width: number;
  height: number;
}

export interface NativeFormat {
  name: string;
  width: number;
  height: number;
  size: number;
  planes: NativePlane[];
  timeBaseNum: number;
  timeBaseDen: number;
}

/** es_policy; `label` is the mode's name, at most 15 characters. */
export interface NativePolicy {
  capacity: number;
  whenFull: 0 | 1 | 2;
  pick: 0 | 1;
  onStall: 0 | 1;
  start: 0 | 1;
  onDisconnect: 0 | 1;
  noReuse: boolean;
  maxHeld: number;
  maxWaitMs: number;
  maxLag: number;
  maxLagTotal: number;
  label: string;
}

/** es_accept; 0 in a field = its default. */
export interface NativeAccept {
  whenFullMask: number;
  maxWaitCapacity: number;
  maxHeld: number;
  maxConsumers: number;
  maxSlots: number;
  maxWaitMs: number;
  maxPoolBytes: number;
  maxHoldMs: number;
  onHeldTooLong: 0 | 1;
  idleMs: number;
}

export interface NativeStreamOptions {
  /** undefined: this process only. */
  name?: string | undefined;
  runtimeDir?: string | undefined;
  socketMode: number;
  socketGroup: number;
  strict: boolean;
  handshakesPerSecond: number;
}

/** What es_format_init needs, and the time base. */
export type NativeFormatSpec = Pick<NativeFormat, "name" | "width" | "height" | "timeBaseNum" | "timeBaseDen">;

export interface NativeProducerOptions {
  format: NativeFormatSpec;
  accept: NativeAccept;
  maxWriting: number;
  waitWithoutConsumer: boolean;
  /** Tests only: reuse slots in spite of leases. Refused by a build without ES_TEST_HOOKS. */
  unprotected: boolean;
  supportReset: boolean;
  /** The pool has at least so many from the beginning. */
  slots: number;
}

export interface NativeConsumerOptions {
  policy: NativePolicy;
  formatMask: number;
  client?: string | undefined;
  runtimeDir?: string | undefined;
}

export interface NativeEvent {
  kind: number;
  object: number;
  connection: bigint;
  value: bigint;
  code: number;
  /** es_state numbers; index into `states`. */
  oldState: number;
  newState: number;
  text: string;
  /** CLOCK_MONOTONIC ns of a drop, else 0. */
  at: bigint;
}

export interface NativeConnectionInfo {
  id: bigint;
  state: number;
  pid: number;
  uid: number;
  policy: NativePolicy;
  posted: bigint;
  delivered: bigint;
  skipped: bigint;
  discarded: bigint;
  waiting: bigint;
  held: bigint;
  /** CLOCK_MONOTONIC ns. */
  since: bigint;
  client: string;
  latencyUs: number;
  /** The ended connection that it follows; 0n: none known. */
  previous: bigint;
}

/** What a producer told about its stream, and es_throughput. */
export interface NativeStreamInfo {
  text: string;
  frames: number;
  bytes: number;
  elapsed: number;
}

/** es_mark. */
export interface NativeMark {
  number: bigint;
  pts: bigint;
}

export interface NativeReport {
  info: NativeProducerInfo;
  connections: NativeConnectionInfo[];
  streamInfo: NativeStreamInfo;
}

export interface NativeProducerInfo {
  epoch: bigint;
  frames: bigint;
  noConsumer: bigint;
  poolBytes: bigint;
  layout: number;
  slots: number;
  slotsFree: number;
  memoryObjects: number;
  connections: number;
  state: number;
  format: NativeFormat;
}

export interface NativeConsumerInfo {
  connection: bigint;
  epoch: bigint;
  state: number;
  cause: number;
  posted: bigint;
  delivered: bigint;
  skipped: bigint;
  discarded: bigint;
  waiting: bigint;
  held: bigint;
  policy: NativePolicy;
  reason: string;
  /** The newest announced; 0 before the producer is met. */
  layout: number;
}

export interface NativeStream {
  readonly id: number;
  /** Path of the socket; "" without a name. */
  readonly socket: string;
  connectProducer(options: NativeProducerOptions): NativeProducer;
  connectConsumer(options: NativeConsumerOptions): NativeConsumer;
  close(): void;
}

export interface NativeProducer {
  readonly id: number;
  /** Flow.ok: frameInfo has lease, size, layout, slot. */
  tryAcquire(): number;
  /** The slot's bytes, read-write, until `NativeBinding.detach`. A new ArrayBuffer at each call. */
  view(lease: number): ArrayBuffer;
  /** Copies a picture to the start of the slot. */
  write(lease: number, bytes: Uint8Array): void;
  /** Flow.ok: frameInfo[number]. Times and size are those in `postInfo` if `withInfo`, else the defaults. */
  tryPost(lease: number, withInfo: boolean, metadata?: Uint8Array): number;
  discard(lease: number): void;
  /** Flow.ok: frames acquired from here on have this format. Flow.closed: stopped. */
  reconfigure(format: NativeFormatSpec): number;
  closeInput(): void;
  /** es_producer_drain without waiting: Flow.ok once no connection has a waiting frame; else a wake follows. */
  tryDrain(): number;
  stop(): void;
  evict(connection: bigint, reason: string): void;
  /** Whether each dropped frame is an event: `value` = number, `code` = es_drop, `connection` 0n = nobody's. */
  watchDrops(watch: boolean): void;
  reset(): void;
  pause(pause: boolean): void;
  setMetadata(block: number, offset: number, bytes: Uint8Array): void;
  /** What this end tells the others about itself, at most 1024 bytes of text. */
  setUserInfo(text: string): void;
  /** What a connection's consumer told; "" = nothing. */
  userInfo(connection: bigint): string;
  /** What it tells about the stream, at most 2048 bytes of text. */
  setStreamInfo(text: string): void;
  streamInfo(): NativeStreamInfo;
  newest(): NativeMark;
  /** Frames dropped while it was paused, ever. */
  droppedPaused(): bigint;
  info(): NativeProducerInfo;
  connections(): NativeConnectionInfo[];
  /** Last counters of a connection that ended, while the producer remembers it. */
  ended(connection: bigint): NativeConnectionInfo | undefined;
  /** es_latency of a living connection, word for word. */
  latency(connection: bigint): BigUint64Array | undefined;
  close(): void;
}

export interface NativeConsumer {
  readonly id: number;
  /** AcquireFlag, or-ed. Flow.ok: frameInfo is filled in. */
  tryAcquire(flags: number): number;
  /** The leased slot's bytes (`size` of them), mapped read-only: a write to them ends the process. */
  view(lease: number): ArrayBuffer;
  /** The same. Whoever asks puts it into `kept`, and detaches it before its lease has ended: cheaper than `view`. */
  viewToKeep(lease: number): ArrayBuffer;
  /** Close detaches the view that lies here. */
  readonly kept: { view: ArrayBuffer | undefined };
  /** A copy of the frame's metadata. */
  metadata(lease: number): Uint8Array;
  /** A copy of one sticky block, 0..3, as it was when the frame was posted. */
  metadataBlock(lease: number, block: number): Uint8Array;
  /** `kept`: a view to detach with it. */
  release(lease: number, kept?: ArrayBuffer): void;
  /**
   * Blocks this thread until a frame or an event of the context may be there, or the time is over. Flow.wouldBlock: it
   * did not, for a frame is there already, or none will come.
   */
  sleep(ms: number): number;
  consume(count: number): void;
  /** What tryAcquire would give; undefined: nothing. */
  peek(): { number: bigint; pts: bigint; isNew: boolean } | undefined;
  /** Flow.ok: a new frame waits; Flow.wouldBlock: none does, and onWake follows when one comes. */
  arm(): number;
  setUserInfo(text: string): void;
  /** What the producer told; "" = nothing, or not yet. */
  userInfo(): string;
  /** What the producer told about the stream last; "" = nothing, or not yet. */
  streamInfo(): string;
  setLatency(us: number): void;
  /** The newest frame that reached it, and the one it acquired last. */
  marks(): { newest: NativeMark; acquired: NativeMark };
  /** Frames up to this one were discarded by a reset; 0n: there was none. */
  resetNumber(): bigint;
  state(): number;
  info(): NativeConsumerInfo;
  /** es_latency, word for word; undefined before the producer is met. */
  latency(): BigUint64Array | undefined;
  /** layout 0 = the newest known. */
  format(layout: number): NativeFormat;
  /** What a consumer knows whose producer is behind a link; the addon's own have no such thing. */
  remote?(): RemoteStats;
  close(): void;
}

export interface NativeObserver {
  readonly id: number;
  query(): void;
  /** undefined before the first report; throws ERR_CLOSED when the stream is gone. */
  report(): NativeReport | undefined;
  /** Asks for one connection's latency; a report event with that connection follows. */
  queryLatency(connection: bigint): void;
  /** The last one that came; undefined before that. All zero: there is no such connection any more. */
  latency(): { connection: bigint; latency: BigUint64Array } | undefined;
  close(): void;
}

export interface NativeBinding {
  readonly abiVersion: number;
  /** "new-frame-available", … by es_state number. */
  readonly states: readonly string[];
  /** "producer-lost", … by es_cause number. */
  readonly causes: readonly string[];
  readonly frameInfo: BigInt64Array;
  /** The same memory in words of 32 bits, low word first: reading these makes no objects. */
  readonly frameWords: Int32Array;
  readonly postInfo: BigInt64Array;
  /**
   * Starts this environment's context. `onWake(objectId)` for readable and writable, `onEvent` for everything else;
   * both on the JS thread, from the event loop. The context starts unreferenced.
   */
  start(onWake: (object: number) => void, onEvent: (event: NativeEvent) => void): void;
  /**
   * KeepAliveWord. While `holds` is above 0 the context keeps the process alive: the addon looks before the loop
   * sleeps.
   * Whoever raises it while `referenced` is 0 calls ref().
   */
  readonly keepAlive: Int32Array;
  ref(): void;
  now(): bigint;
  runtimeDir(): string;
  runtimeSearch(): string[];
  formatLayout(name: string, width: number, height: number): NativeFormat;
  createStream(options: NativeStreamOptions): NativeStream;
  openProducer(name: string, runtimeDir: string | undefined, options: NativeProducerOptions): NativeProducer;
  /** Throws ERR_NOT_FOUND when nobody listens. */
  openConsumer(name: string, options: NativeConsumerOptions): NativeConsumer;
  openObserver(name: string, runtimeDir: string | undefined): NativeObserver;
  /** For each step the numbers of SummaryField, times in ns. */
  latencySummary(latency: BigUint64Array): Float64Array;
  /** Makes every view of it length 0. */
  detach(buffer: ArrayBuffer): void;
  /** A close-on-exec pipe with a buffer of (about) `bytes`; [read end (non-blocking), write end]. */
  createPipe(bytes: number): [number, number];
  /** Another descriptor of the same file or socket, close-on-exec. */
  duplicateFd(fd: number): number;
  closeFd(fd: number): void;
}
