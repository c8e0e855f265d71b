/** The public interfaces of counters and times. */
import type { DisconnectCause, StreamState } from "./types.ts";

/** How long one step took, of the frames delivered so far. Microseconds, within 6 %. */
export interface LatencySummary {
  frames: number;
  p50Us: number;
  p90Us: number;
  p99Us: number;
  maxUs: number;
}

/**
 * A frame's way through one connection, step by step. Stamps are of the host's monotonic clock:
 * - captured: the picture was taken, as the producer says (`captured`), else when its slot was acquired;
 * - posted: the producer's post took it;
 * - woken: the consumer's event loop was told that something waits; when it was awake already, the moment it looked;
 * - acquired: the consumer has it;
 * - released: its lease ended.
 */
export interface LatencyLedger {
  /** captured -> posted: filling the slot and waiting for a place. */
  post: LatencySummary;
  /** posted -> woken: until the consumer knew. */
  wake: LatencySummary;
  /** woken -> acquired: until the consumer came to it. */
  acquire: LatencySummary;
  /** acquired -> released: what the consumer did with it. */
  hold: LatencySummary;
  /** posted -> acquired: the hand-over as a whole. */
  deliver: LatencySummary;
}

/** Counters of one connection. posted = delivered + skipped + discarded + waiting, always. */
export interface ConnectionStats {
  id: bigint;
  mode: string;
  state: StreamState;
  client: string;
  /**
   * The ended connection that this one follows: the newest of the same client name and user. undefined when there is
   * none among the last 64 that ended, or another living connection has that name too.
   */
  previous: bigint | undefined;
  /** Its attribute of that name. */
  consumerLatencyUsec: number;
  pid: number;
  posted: bigint;
  delivered: bigint;
  skipped: bigint;
  discarded: bigint;
  waiting: bigint;
  /** Leased now, a retained old frame included. */
  held: bigint;
  /** Monotonic ns when it began to get frames; 0 before that. */
  since: bigint;
  /** undefined once the connection has ended. */
  latency: LatencyLedger | undefined;
}

export interface ProducerStats {
  epoch: bigint;
  /** Number of the last posted frame. */
  frames: bigint;
  /** Dropped because nobody was connected. */
  noConsumer: bigint;
  paused: boolean;
  /** Dropped because the producer was paused. */
  droppedPaused: bigint;
  pool: { bytes: bigint; slots: number; slotsFree: number; memoryObjects: number };
  connections: ConnectionStats[];
}

/** Sums over the connections of one consumer. */
export interface LifetimeCounters {
  /** How many; 1 before the first reconnect. */
  connections: number;
  posted: bigint;
  delivered: bigint;
  skipped: bigint;
  discarded: bigint;
}

/** What a connection over the network knows of its way. Times are ns. */
export interface RemoteStats {
  /** Address and port of the other end. */
  peer: string;
  /** Frames that arrived, those that were never acquired included, and the bytes of their pixels. */
  arrived: bigint;
  arrivedBytes: bigint;
  /** Of the newest ping; undefined until one was answered, as the two below. */
  roundTrip: bigint | undefined;
  /** The peer's monotonic clock less ours. */
  clockOffset: bigint | undefined;
  /** The true offset is within ± this. */
  clockError: bigint | undefined;
  /** From a frame's post until all of it was here, by the estimated offset; no frames: all 0. */
  transfer: { frames: number; p50: number; p99: number; max: number };
}

export interface ConsumerStats {
  connection: bigint;
  epoch: bigint;
  state: StreamState;
  cause: DisconnectCause;
  mode: string;
  posted: bigint;
  delivered: bigint;
  skipped: bigint;
  discarded: bigint;
  waiting: bigint;
  held: bigint;
  /** How often `reconnect` made a new connection. The counters above are those of the newest one. */
  reconnects: number;
  /** The connection before the newest one; undefined before the first reconnect. */
  previous: bigint | undefined;
  /**
   * Frames posted while this consumer was away, as far as numbers tell: those that a producer's life had posted before
   * it counted this consumer in again. What a life posted last before it died nobody can tell, nor what lives posted
   * that came and went in between. undefined from a reconnect to its first frame, and for good after a loss that no
   * frame came before and that the producer survived.
   */
  missed: bigint | undefined;
  /** All its connections together. The consumer alone knows: for a producer each connection is a new one. */
  lifetime: LifetimeCounters;
  /** Of the newest connection; undefined before the producer is met. */
  latency: LatencyLedger | undefined;
  /** Of a connection over the network; undefined for others. */
  remote: RemoteStats | undefined;
}

export interface StreamStats {
  name: string | undefined;
  state: StreamState;
  producer: ProducerStats | undefined;
  consumers: ConsumerStats[];
}
