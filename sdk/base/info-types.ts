/** The public interfaces of what a stream tells about itself, and of EGL's attributes. */
import type { FormatName, StreamState } from "./types.ts";

/** What a producer tells about its stream; as JSON at most 2048 bytes. */
export interface StreamMetadata {
  /** For people. */
  title?: string | undefined;
  /** Where the pictures come from: a path, an address, a serial number. */
  device?: string | undefined;
  model?: string | undefined;
  /** Where that is. */
  location?: string | undefined;
  /** What the source was encoded with before it was decoded. */
  codec?: string | undefined;
  /** Frames per second as the source promises them. */
  nominalFps?: number | undefined;
  /** Anything else. */
  labels?: Readonly<Record<string, string>> | undefined;
}

/** What the producer tells, and what is measured. */
export interface StreamInfo extends StreamMetadata {
  name: string | undefined;
  /** Posted frames per second, over the last two seconds. */
  fps: number;
  /** Of these frames. */
  bytesPerSecond: number;
  /** undefined without a producer. */
  format: FormatName | undefined;
  /** As in the frame's layout; 0 without a producer. */
  width: number;
  height: number;
  /** Those of its connections, each once. */
  modes: readonly string[];
  /** The most advanced connection's. */
  state: StreamState;
  /** 0n without a producer. */
  epoch: bigint;
  /** Number of the last posted frame. */
  frames: bigint;
  consumers: number;
}

/** A connected consumer as its producer sees it. */
export interface ConnectedConsumer {
  /** The lowest that was free when it came; its own until it ends. */
  index: number;
  connection: bigint;
  client: string;
  pid: number;
  mode: string;
  state: StreamState;
}

/**
 * EGL's attributes. Times are the frames' `pts`, ns, of the newest frame up to that one that has one; 0n: none has.
 * Numbers are 0n where there is no such frame.
 */
export interface StreamAttributes {
  /** Read only, as all that are not marked otherwise. */
  streamState: StreamState;
  /** The newest posted frame; at a consumer: that reached it. */
  producerFrame: bigint;
  /** The frame acquired last. */
  consumerFrame: bigint;
  /** The frame that an acquire would give. */
  pendingFrame: bigint;
  /** Monotonic clock of the host, ns. */
  streamTimeNow: bigint;
  streamTimeProducer: bigint;
  streamTimeConsumer: bigint;
  streamTimePending: bigint;
  /**
   * May be set: microseconds from an acquire to where the frame is seen, 0 to 2^31-1. The producer's side sees the
   * largest of its consumers'. @default 0
   */
  consumerLatencyUsec: number;
  /** May be set: how long `acquire()` without `timeoutMs` waits, microseconds; below 0 = no limit. @default -1 */
  consumerAcquireTimeoutUsec: number;
  /** 0 in every mode but fifo. */
  streamFifoLength: number;
  /** undefined: the producer is elsewhere, and does not say. */
  supportReset: boolean | undefined;
  supportReuse: boolean;
  /** undefined: nobody cared. */
  producerMaxFrameHint: number | undefined;
  consumerMaxFrameHint: number | undefined;
}

/** Attributes that may be set while the stream lives. */
export type SettableAttribute = "consumerLatencyUsec" | "consumerAcquireTimeoutUsec";
