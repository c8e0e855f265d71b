/** The shapes a mode works with: what it is told, and what it answers. Types only. */
import type { ModeName, ModeOptions } from "../sdk/base/types.ts";

/**
 * `ModeOptions` after validation: what has a default whatever the mode is there.
 * What stays optional is decided by the mode, or by the distance.
 */
export interface ModeSettings
  extends Required<Pick<ModeOptions, "fifoLength" | "capacity" | "maxHeld" | "onStall" | "start" | "reuse">>,
    Pick<ModeOptions, "maxLag" | "maxLagTotal" | "whenFull" | "maxWaitMs" | "onDisconnect"> {}

/** How far away the consumer is, as far as policy cares. */
export interface Reach {
  /** How long a full queue may hold up the producer unless the options say otherwise, ms; -1 = for ever. */
  maxWaitMs: number;
}

/** What the core obeys for one connection; it knows no mode names. Mirrors `es_policy`. */
export interface ModePolicy {
  /** Waiting frames; the held one is not counted. */
  capacity: number;
  whenFull: "wait" | "overwrite" | "drop";
  pick: "next" | "newest";
  onStall: "evict" | "overwrite";
  start: "next" | "newest";
  onDisconnect: "drain" | "drop";
  reuse: boolean;
  maxHeld: number;
  maxWaitMs: number;
  /** 0 = no limit. */
  maxLag: number;
  /** 0 = no limit. */
  maxLagTotal: number;
  /** The mode's name, for people. */
  label: string;
}

export interface Mode {
  name: ModeName;
  /** What producer and consumer can rely on, in one sentence. */
  promise: string;
  /** What it needs the producer to accept. */
  whenFull: "wait" | "overwrite";
  policy(settings: ModeSettings, reach: Reach): ModePolicy;
}
