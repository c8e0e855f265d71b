/** FIFO: every frame in order, none lost. A full queue makes `post` wait; an acquire frees the place. */
import type { Mode } from "./policy.ts";

export const fifo: Mode = {
  name: "fifo",
  promise: "Every frame in order, none lost; a full queue makes post wait, for maxWaitMs at most; then onStall.",
  whenFull: "wait",
  policy: (settings, reach) => ({
    capacity: settings.fifoLength,
    whenFull: settings.whenFull ?? "wait",
    pick: "next",
    onStall: settings.onStall,
    start: settings.start,
    onDisconnect: settings.onDisconnect ?? "drain", // what was posted is still read after the producer is gone
    reuse: settings.reuse,
    maxHeld: settings.maxHeld,
    // A queue may hold up the producer only as long as its distance allows: another process may hang for ever.
    maxWaitMs: settings.maxWaitMs ?? reach.maxWaitMs,
    maxLag: settings.maxLag ?? 0,
    maxLagTotal: settings.maxLagTotal ?? 0,
    label: "fifo",
  }),
};
