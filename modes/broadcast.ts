/** Broadcast: every frame in order to whoever keeps up. The producer never waits; a laggard skips and is told. */
import type { Mode } from "./policy.ts";

export const broadcast: Mode = {
  name: "broadcast",
  promise: "The producer never waits; a laggard skips forward, is told how far, and is evicted past maxLag.",
  whenFull: "overwrite",
  policy: (settings, reach) => ({
    capacity: settings.capacity,
    whenFull: settings.whenFull ?? "overwrite",
    pick: "next",
    onStall: settings.onStall,
    start: settings.start,
    onDisconnect: settings.onDisconnect ?? "drop",
    reuse: settings.reuse,
    maxHeld: settings.maxHeld,
    maxWaitMs: settings.maxWaitMs ?? reach.maxWaitMs,
    maxLag: settings.maxLag ?? 0,
    maxLagTotal: settings.maxLagTotal ?? 0,
    label: "broadcast",
  }),
};
