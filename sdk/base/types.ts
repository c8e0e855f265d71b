/**
 * The public interfaces, in the order an application meets them. Plain types: validation lives in `config.ts`.
 * Counters and times are in `stats-types.ts`.
 */
import type { DroppedEvent, StreamObserver } from "./event-types.ts";
import type { AccessTokens, NegotiatedAttributes, TlsOptions } from "./network-types.ts";

export type * from "./event-types.ts";
export type * from "./info-types.ts";
export type * from "./network-types.ts";

/** Pixel formats, named as GStreamer names them; `bytes` is opaque data of any length up to the slot size. */
export type FormatName =
  | "NV12" | "I420" | "P010" | "YUY2" | "RGB" | "BGR" | "RGBA" | "BGRA" | "GRAY8" | "GRAY16" | "bytes";

/** What a stream's frames look like. */
export interface FrameSpec {
  format: FormatName;
  /** Pixels, 1..16384. For `bytes`: the largest size in bytes, 1..2^31-1. */
  width: number;
  /** Pixels, 1..16384. For `bytes`: leave out. */
  height?: number;
  /** Seconds per tick of the source's clock, so that a pts can be turned back into exact ticks. */
  timeBase?: { num: number; den: number };
}

/** One plane of a format. */
export interface PlaneLayout {
  /** Bytes from the start of the frame. */
  offset: number;
  /** Bytes from one row to the next. Planes are packed; never assume, always use it. */
  stride: number;
  /** Samples per row; a UV pair counts as one. */
  width: number;
  /** Rows. */
  height: number;
}

/** A `FrameSpec` with everything worked out. */
export interface FrameLayout {
  format: FormatName;
  width: number;
  height: number;
  /** Bytes of a whole frame. */
  size: number;
  planes: readonly PlaneLayout[];
  timeBase: { num: number; den: number } | undefined;
}

/** EGLStream's states; `initializing` is an endpoint that has not met its peer yet. */
export type StreamState =
  | "initializing" | "created" | "connecting" | "empty"
  | "new-frame-available" | "old-frame-available" | "disconnected";

/** Why a connection ended. */
export type DisconnectCause =
  | "none" | "ended" | "stopped" | "producer-closed" | "producer-lost" | "consumer-closed" | "consumer-lost"
  | "evicted-lag" | "evicted-stall" | "evicted-violation" | "evicted-request" | "refused"
  | "evicted-hold" | "evicted-idle";

/** Who gets which frame; see modes/. */
export type ModeName = "mailbox" | "fifo" | "broadcast";

/** What flow verbs say: `ok`, or why not. */
export type FlowStatus = "ok" | "timeout" | "would-block" | "closed" | "evicted" | "aborted" | "disconnected";

/**
 * How a consumer waits for a frame that is not there yet.
 * - `event`: the thread sleeps in its event loop.
 * - `poll`: it looks into the shared memory at each turn of the event loop. Fastest, and uses a whole processor while
 *   it waits; the producer never has to wake it. Other work of the loop goes on.
 * - `block`: the thread sleeps in the core, 100 ms at a time, with one turn of the event loop in between. Faster than
 *   `event`; timers and other work of this thread are late by up to 100 ms. For a thread that does nothing else.
 */
export type WaitStrategy = "event" | "poll" | "block";

/** A bundle of mode options; see presets.ts. */
export type PresetName = "realtime" | "balanced" | "reliable";

/** How one connection treats frames. Everything is optional; the mode fills in the rest. */
export interface ModeOptions {
  /** @default "mailbox" */
  mode?: ModeName;
  /** fifo: waiting frames, the held one not counted. @default 4 @minimum 1 @maximum 128 */
  fifoLength?: number;
  /** broadcast: waiting frames before the oldest is overwritten. @default 8 @minimum 1 @maximum 128 */
  capacity?: number;
  /** broadcast, mailbox: frames skipped since the last delivery before the producer evicts. @default no limit */
  maxLag?: number;
  /** broadcast, mailbox: frames skipped in all before the producer evicts. @default no limit */
  maxLagTotal?: number;
  /** What happens to a frame that finds no place. @default by mode: mailbox, broadcast overwrite; fifo wait */
  whenFull?: "wait" | "overwrite" | "drop";
  /** Frames held at once. With 1 the next acquire ends the earlier lease (EGL). @default 1 @maximum 64 */
  maxHeld?: number;
  /** fifo: how long a full queue may hold up the producer, ms. @default 5000 across processes, no limit in process */
  maxWaitMs?: number;
  /** fifo: what happens then. @default "evict" */
  onStall?: "evict" | "overwrite";
  /** What a late consumer gets first: the next posted frame, or the newest there is. @default "next" */
  start?: "next" | "newest";
  /** Waiting frames when the producer goes without `closeInput`. @default fifo: "drain", others: "drop" */
  onDisconnect?: "drain" | "drop";
  /** false: each frame is seen once, an old frame cannot be acquired again. @default true */
  reuse?: boolean;
}

/** What the producer lets its consumers ask for. */
export interface AcceptOptions {
  /** @default all */
  modes?: readonly ModeName[];
  /** @default 128 */
  maxFifoLength?: number;
  /** @default 64 */
  maxHeld?: number;
  /** Longest hold-up another process may ask for, ms. @default 5000 */
  maxWaitMs?: number;
  /** @default 16 @maximum 128 */
  maxConsumers?: number;
  /** Upper bound of the pool. @default 256 @maximum 256 */
  maxSlots?: number;
  /** Upper bound of the pool's memory; a consumer that would take more is refused. @default 4 GiB */
  maxPoolBytes?: number;
  /**
   * How long a consumer may hold one frame, ms; then `heldTooLong` is told, once per lease. Looked at four times as
   * often, so it is told after 1 to 1.5 times this long. @default no limit
   */
  maxHoldMs?: number;
  /** What happens besides. Slots of an evicted holder stay out until it releases them or dies. @default "announce" */
  onHeldTooLong?: "announce" | "evict";
  /**
   * A consumer that took no frame for so long, though one waited all the time, is evicted (`evicted-idle`). It goes up
   * to a quarter of this later. ms. @default never
   */
  idleMs?: number;
}

export interface CreateStreamOptions extends ModeOptions {
  /** Fills in mode options; those that are given here win. @default none */
  preset?: PresetName;
  /** 1-63 of [A-Za-z0-9_-]. Without a name the stream is reachable in this process only. */
  name?: string;
  /** May be left out here and given to `connectProducer`. */
  frame?: FrameSpec;
  /** Where slots live. `auto` picks and says why in `stream.via`. Only host memory exists so far. @default "auto" */
  memory?: "auto" | "host";
  /**
   * Where others find it: `ipc`, and addresses such as `tcp://0.0.0.0:8888`, `tls://[::]:8443`, `ws://127.0.0.1:8890`.
   * Streams of one process may share an address. Port 0: any free one; `stream.addresses` says which.
   * @default ["ipc"] with a name
   */
  listen?: readonly string[];
  /** Who may connect over the network: a secret, or several, per right. @default everybody */
  tokens?: AccessTokens;
  /** Certificate and key for `tls` and `wss`. */
  tls?: TlsOptions;
  /** Pages whose scripts may connect over `ws` and `wss`, such as `https://ha.local`. @default the listener's own */
  origins?: readonly string[];
  /** Over the network: a peer is lost after so long without a byte, ms; 0: never. @default 10000 */
  idleTimeoutMs?: number;
  /** What a peer that connects over the network must agree to; see docs/network.md. */
  attributes?: NegotiatedAttributes;
  /** How its consumers wait. @default "event" */
  wait?: WaitStrategy;
  /** EGL to the letter: one consumer, consumer first, the stream ends when either end goes. @default false */
  strict?: boolean;
  /** A post while nobody is connected. @default "drop" */
  whenNoConsumer?: "drop" | "wait";
  /** Whether its producer may call `reset()`. @default false */
  supportReset?: boolean;
  /** A listener for event `dropped` of its producers. @default none */
  onDrop?: (drop: DroppedEvent) => void;
  /**
   * Hint: frames that are out at once, being filled, waiting and held together. The pool has so many slots from the
   * beginning, and grows if there are more after all. @default none @minimum 1 @maximum 256
   */
  producerMaxFrameHint?: number;
  /** Hint: frames that consumers hold at once; as above. @default none @minimum 1 @maximum 256 */
  consumerMaxFrameHint?: number;
  accept?: AcceptOptions;
  /** Told of what happens, besides listeners. */
  observer?: StreamObserver;
  /** Permission bits of the socket: who may connect. @default 0o600 */
  socketMode?: number;
  /** Group that owns the socket. */
  socketGroup?: number;
  /**
   * Where the socket is made. @default $EDGESTREAM_RUNTIME_DIR, $XDG_RUNTIME_DIR/edgestream, /run/edgestream,
   *   /tmp/edgestream-<uid>
   */
  runtimeDir?: string;
  /** Wait for a name that another process has, and take over when that one closes or dies. @default false */
  standby?: boolean;
  /** How long a standby waits, ms. @default no limit */
  timeoutMs?: number;
  /** Ends a standby's wait. */
  signal?: AbortSignal;
}

/** What `connectProducer` may add to what `createStream` said. */
export interface ProducerOptions extends WaitOptions {
  /** @default the stream's `frame` */
  frame?: FrameSpec;
  /** @default the stream's `accept` */
  accept?: AcceptOptions;
  /** A post while nobody is connected. @default the stream's, else "drop" */
  whenNoConsumer?: "drop" | "wait";
  /** @default the stream's, else false */
  supportReset?: boolean;
  /** @default the stream's */
  onDrop?: (drop: DroppedEvent) => void;
  /** Every consumer can read it before its first frame, `consumer.producerInfo`. */
  userInfo?: UserInfo;
  /** Slots held for writing at once. @default 2 @minimum 1 @maximum 64 */
  maxWriting?: number;
}

/** What `connectConsumer` may add to what `createStream` or `openStream` said. */
export interface ConsumerOptions extends ModeOptions, WaitOptions {
  /** Formats this consumer can take; a producer of another one refuses it. @default any */
  formats?: readonly FormatName[];
  /** Shown to observers, at most 63 bytes. @default the program's name */
  client?: string;
  /** The producer can read it before the first frame, `producer.userInfoOf()`. */
  userInfo?: UserInfo;
  /** Live through producer restarts; only on a stream from `openStream`. @default the stream's, else false */
  reconnect?: boolean | ReconnectOptions;
  /** With `reconnect`. @default the stream's, else "wait" */
  whileAway?: WhileAway;
  /** @default the stream's, else "event" */
  wait?: WaitStrategy;
}

/** What an endpoint tells the other side about itself; as JSON at most 1024 bytes. */
export type UserInfo = Readonly<Record<string, string>>;

export interface WaitOptions {
  /** Milliseconds; 0 = do not wait. @default no limit (`acquire`, `next`, `post`, `push`) */
  timeoutMs?: number;
  signal?: AbortSignal;
}

/** The search for a producer's next life. `reconnect: true` is all of the defaults. */
export interface ReconnectOptions {
  /** Pause before the first attempt, ms. @default 50 @minimum 1 */
  firstMs?: number;
  /** Longest pause, ms. @default 1000 @minimum 1 */
  maxMs?: number;
  /** Each pause is so much longer than the one before. @default 2 @minimum 1 */
  factor?: number;
  /** Each pause is shortened at random by up to this part of itself. @default 0.5 @minimum 0 @maximum 1 */
  jitter?: number;
  /** Attempts after one loss; then every read fails with ERR_PRODUCER_LOST. @default no limit */
  attempts?: number;
}

/**
 * What reading means between a producer's end and the first frame of its next life, with `reconnect`.
 * - `wait`: as in `empty`: the next frame is the next life's.
 * - `hold-last`: as in `old-frame-available`: `tryAcquire`, and an `acquire` whose time is over, give the last frame
 *   again, `isNew` false, also when it was released. Its slot stays mapped until the next life's first frame.
 * - `fail`: reading fails at once until a producer is there: `acquire` and iterations throw ERR_BAD_STATE with reason
 *   `disconnected`, `next` and `tryAcquire` say that as their status. The search goes on.
 */
export type WhileAway = "wait" | "hold-last" | "fail";

export interface OpenStreamOptions extends ModeOptions {
  /** Fills in mode options; those that are given here win. @default none */
  preset?: PresetName;
  /** How long to wait for a stream that is not there yet. @default no limit */
  timeoutMs?: number;
  signal?: AbortSignal;
  runtimeDir?: string;
  /** Shown to observers. @default the program's name */
  client?: string;
  /** Live through producer restarts: each life is a new connection with a new epoch. @default false */
  reconnect?: boolean | ReconnectOptions;
  /** With `reconnect`: what its consumers read while there is no producer. @default "wait" */
  whileAway?: WhileAway;
  /** How its consumers wait. @default "event" */
  wait?: WaitStrategy;
  /** Told of what happens to the endpoints here, besides listeners. */
  observer?: StreamObserver;
  /**
   * For a stream by its name alone: listeners that are asked when no stream of this host has it, such as
   * `tcp://192.0.2.7:8888`. The first in this order that has it wins. @default $EDGESTREAM_REMOTES, comma separated
   */
  remotes?: readonly string[];
  /** Over the network: the secret for what this end does. @default $EDGESTREAM_TOKEN, else none */
  token?: string;
  /** For `tls` and `wss`. */
  tls?: TlsOptions;
  /** Over the network: how long a connection may take to open, ms. @default 5000 */
  connectTimeoutMs?: number;
  /** Over the network: without a byte for so long the connection is lost, ms; 0: never. @default 10000 */
  idleTimeoutMs?: number;
  /** Over the network, mailbox and broadcast: a frame is sent only while an acquire waits for it. @default false */
  demand?: boolean;
  /** Over the network: what the other end must agree to. */
  attributes?: NegotiatedAttributes;
}

export interface PostOptions extends WaitOptions {
  /** Presentation time, ns. In a strict fifo above the one before. */
  pts?: bigint;
  /** ns */
  duration?: bigint;
  /** When the picture was taken, ns of the monotonic clock. @default when the slot was acquired */
  captured?: bigint;
  /** Bytes used, for `bytes`. @default the whole frame */
  size?: number;
  /** At most 4096 bytes, the producer's sticky blocks included. */
  metadata?: Uint8Array;
}

/** How this stream is reached and why. */
export interface Via {
  transport: "in-process" | "ipc" | "tcp" | "tls" | "ws" | "wss";
  memory: "host";
  /** A sentence for a person. */
  reason: string;
}

export interface FramePlane {
  /** Bytes of this plane. */
  data: Uint8Array;
  stride: number;
  width: number;
  height: number;
}

/** A slot to fill. A lease: ends with post or discard; afterwards every view of it has length 0. */
export interface WritableFrame extends Disposable {
  readonly layout: FrameLayout;
  /** All bytes of the frame, planes packed one behind the other. Made at first access. */
  readonly data: Uint8Array;
  readonly planes: readonly FramePlane[];
  readonly released: boolean;
  /** Gives the slot back without posting it. Once more is a silent success. */
  discard(): void;
}

/** A frame to read. A lease: nobody writes these bytes until it is released; afterwards every view has length 0. */
export interface ReadableFrame extends Disposable {
  /** From 1; counts discarded frames. */
  readonly number: bigint;
  /** Frames passed over since the one before. */
  readonly skipped: bigint;
  /** false: the old frame again. */
  readonly isNew: boolean;
  /** ns; undefined when the producer gave none. */
  readonly pts: bigint | undefined;
  readonly duration: bigint;
  readonly epoch: bigint;
  readonly layout: FrameLayout;
  readonly layoutId: number;
  readonly format: FormatName;
  readonly width: number;
  readonly height: number;
  /** Bytes used. */
  readonly size: number;
  /** The used bytes, mapped read-only: a write to them ends the process. Made at first access. */
  readonly data: Uint8Array;
  readonly planes: readonly FramePlane[];
  /** A copy; empty when there is none. */
  readonly metadata: Uint8Array;
  /**
   * A copy of the producer's sticky block 0 to 3 (`producer.setMetadata`) as it was when this frame was posted; empty
   * when it was never written.
   */
  metadataBlock(block: number): Uint8Array;
  /** Monotonic ns. */
  readonly timestamps: { captured: bigint; posted: bigint; acquired: bigint };
  readonly released: boolean;
  /** Bytes that live on after the release. */
  copy(): Uint8Array;
  /** Resolves when the writable took the bytes; the lease is held until then. */
  writeTo(stream: NodeJS.WritableStream): Promise<void>;
  /** Once more is a silent success. */
  release(): void;
}

/** What an acquire would give. */
export interface PendingFrame {
  number: bigint;
  /** ns; undefined when the producer gave none. */
  pts: bigint | undefined;
  /** false: the old frame again. */
  isNew: boolean;
}

export type Result<T> =
  | { status: "ok"; frame: T }
  | { status: Exclude<FlowStatus, "ok">; frame?: undefined };

export type PostResult =
  | { status: "ok"; number: bigint }
  | { status: Exclude<FlowStatus, "ok">; number?: undefined };
