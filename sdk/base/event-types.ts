/** The public interfaces of events: what a stream, a producer and a consumer tell. */
import type { StreamMetadata } from "./info-types.ts";
import type { ConnectionStats } from "./stats-types.ts";
import type { DisconnectCause, FrameLayout, StreamState } from "./types.ts";

export interface StateChange {
  /** Connection id. */
  connection: bigint;
  oldState: StreamState;
  newState: StreamState;
  cause: DisconnectCause;
}

/** A consumer was admitted. */
export interface ConnectedEvent {
  connection: bigint;
  /** As in its stats: the ended connection that this one follows. */
  previous: bigint | undefined;
}

/** A connection ended. */
export interface DisconnectedEvent {
  connection: bigint;
  cause: DisconnectCause;
  /** Frames that waited and were thrown away with it. */
  discarded: bigint;
  /** Its last counters; undefined when more than 64 others ended before this event was taken. */
  stats: ConnectionStats | undefined;
}

/** A full queue held up the producer as long as it may; `onStall` comes next. */
export interface StalledEvent {
  connection: bigint;
  waitedMs: number;
}

/** A connection that was stalled takes frames again (`onStall: "overwrite"`). */
export interface RecoveredEvent {
  connection: bigint;
  /** Since its full queue began to hold up the producer. */
  waitedMs: number;
}

/** A consumer holds a frame longer than `accept.maxHoldMs`; `onHeldTooLong` comes next. */
export interface HeldTooLongEvent {
  connection: bigint;
  heldMs: number;
  /** Frames it holds now, a retained old frame included. */
  frames: number;
}

/** The producer ended a connection against the consumer's will; `disconnected` follows. */
export interface EvictedEvent {
  connection: bigint;
  cause: DisconnectCause;
  /** A sentence for a person; "" if nothing was said. */
  reason: string;
  /** As in `DisconnectedEvent`. */
  stats: ConnectionStats | undefined;
}

/** A consumer fell behind further than `maxLag` or `maxLagTotal`. */
export interface LaggedEvent {
  connection: bigint;
  skipped: bigint;
}

/** Why a posted frame did not reach a consumer. */
export type DropReason =
  /** One connection has `whenFull: "drop"`, and its queue had no place. */
  | "queue-full"
  /** Nobody was connected. */
  | "no-consumer"
  /** The producer was paused. */
  | "paused";

/** A frame was posted, and one connection or all of them do not get it. */
export interface DroppedEvent {
  /** The frame's. */
  number: bigint;
  reason: DropReason;
  /** Whose queue was full; undefined when the frame reached nobody. */
  connection: bigint | undefined;
  /** The stream's name, if it has one. */
  stream: string | undefined;
  /** When, monotonic ns. */
  at: bigint;
}

/** A peer was turned away. */
export interface RefusedEvent {
  /** Name of the error, such as ERR_REFUSED. */
  code: string;
  /** A sentence for a person. */
  reason: string;
}

/** Frames have another layout from here on. */
export interface FormatChangeEvent {
  layout: FrameLayout;
  previous: FrameLayout;
}

/** Events of a `Stream`, and of a `Producer`. */
export interface StreamEvents {
  statechange: [StateChange];
  connected: [ConnectedEvent];
  disconnected: [DisconnectedEvent];
  stalled: [StalledEvent];
  recovered: [RecoveredEvent];
  lagged: [LaggedEvent];
  heldTooLong: [HeldTooLongEvent];
  evicted: [EvictedEvent];
  /** Costs nothing while nobody listens. */
  dropped: [DroppedEvent];
  refused: [RefusedEvent];
  /** `reconfigure` has changed what is acquired next. */
  formatchange: [FormatChangeEvent];
  /** The producer told something new about the stream; all that it tells now. */
  info: [StreamMetadata];
}

/**
 * Events as methods: those that are there are called, each with the very object that listeners get, before them. One
 * that throws or rejects harms nothing; the first time is a process warning with code EDGESTREAM_OBSERVER.
 */
export type StreamObserver = { [Name in keyof StreamEvents]?: (event: StreamEvents[Name][0]) => void };

/** Events of a `Consumer`. */
export interface ConsumerEvents {
  statechange: [StateChange];
  /**
   * Frames wait where none did. Take them until there are no more (`tryAcquire` says `would-block`): the next event
   * comes for the first frame after that. Listening keeps the process alive, as a wait does.
   */
  frame: [];
  /** The producer told something new about the stream; all that it tells now. */
  info: [StreamMetadata];
  /** `reconnect` found the producer's next life. */
  reconnected: [{ connection: bigint; epoch: bigint }];
  /** The frame that is just being acquired is the first of this layout. Not for the first frame of a connection. */
  formatchange: [FormatChangeEvent];
}
