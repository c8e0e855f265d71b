/** The public interfaces of a bridge. */
import type { ProducerStats } from "./stats-types.ts";
import type {
  CreateStreamOptions,
  DisconnectCause,
  ModeName,
  ModeOptions,
  OpenStreamOptions,
  PresetName,
  ReconnectOptions,
} from "./types.ts";

/** What only `openStream` has to decide, for it makes consumers; a bridge makes none. */
type DialOptions = Pick<
  OpenStreamOptions,
  | "token"
  | "tls"
  | "connectTimeoutMs"
  | "idleTimeoutMs"
  | "attributes"
  | "client"
  | "reconnect"
  | "timeoutMs"
  | "signal"
>;

/**
 * Mode options are those of the one connection to the remote producer; each local consumer has its own. The default is
 * `broadcast`: nothing is lost while the link keeps up, in order, and the remote producer never waits for it.
 */
export interface BridgeOptions extends ModeOptions, DialOptions {
  /** @default "broadcast" */
  mode?: ModeName;
  /** Fills in mode options; those that are given here win. @default none */
  preset?: PresetName;
  /** Of the local stream. @default the remote stream's */
  name?: string;
  /** What `createStream` is told about the local stream; also `listen`, to offer it once more. */
  local?: Omit<CreateStreamOptions, "name" | "frame" | "strict" | "standby" | "timeoutMs" | "signal">;
  /** After a loss; false: the bridge ends with its first link. @default true */
  reconnect?: boolean | ReconnectOptions;
  /** How long the remote stream may take to be there at first, ms. @default no limit */
  timeoutMs?: number;
  /** Ends that wait. */
  signal?: AbortSignal;
}

/** `connecting`: there is no link, and one is looked for. */
export type BridgeState = "connecting" | "connected" | "closed";

/** One link to the remote producer. */
export interface BridgeLink {
  /** Address and port of the other end. */
  peer: string;
  /** Its number for this connection. */
  connection: bigint;
  /** Of the remote producer's life; 0n while the remote stream has no producer. */
  epoch: bigint;
}

export interface BridgeEvents {
  connected: [BridgeLink];
  /** As `connected`, for every link after the first. */
  reconnected: [BridgeLink];
  disconnected: [{ cause: DisconnectCause; reason: string }];
  /** An attempt failed, and the next one follows. */
  retry: [{ error: Error; pauseMs: number }];
}

/** Times are ns. Sums are over all links. */
export interface BridgeStats {
  state: BridgeState;
  /** Frames that were posted locally, and the bytes of their pixels. */
  frames: bigint;
  bytes: bigint;
  /** Frames that the remote producer passed over, as the mode has it. */
  skipped: bigint;
  /**
   * Frames posted while there was no link, as far as numbers tell: those that a producer's life had posted before it
   * counted the bridge in again.
   */
  missed: bigint;
  /** Links after the first. */
  reconnects: number;
  /** undefined while there is none. Times are undefined until a first ping was answered. */
  link:
    | (BridgeLink & {
        roundTrip: bigint | undefined;
        /** The peer's monotonic clock less ours, and how wrong that may be. */
        clockOffset: bigint | undefined;
        clockError: bigint | undefined;
      })
    | undefined;
  /** The local producer; undefined before the first frame's format is known, and between lives that were ended. */
  local: ProducerStats | undefined;
}
