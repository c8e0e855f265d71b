/** Bundles of mode options, for those who know what they want and not yet how. Explicit options win. */
import type { ModeOptions, PresetName } from "./types.ts";

export const presets: Readonly<Record<PresetName, ModeOptions>> = {
  /** The newest picture, always, from the moment of joining. What there was no time for is skipped. */
  realtime: { mode: "mailbox", start: "newest" },
  /** Pictures in order, with some slack; who falls behind skips, and nobody waits for it. */
  balanced: { mode: "broadcast", capacity: 16, start: "newest" },
  /** Every picture: the producer waits, a long queue takes the bumps, and what waits outlives the producer. */
  reliable: { mode: "fifo", fifoLength: 16, onDisconnect: "drain" },
};
