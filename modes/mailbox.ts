/** Mailbox: the newest frame wins. The producer never waits; an unread frame is overwritten and counted. */
import type { Mode } from "./policy.ts";

export const mailbox: Mode = {
  name: "mailbox",
  promise: "The producer never waits; a consumer always gets the newest frame; what it missed is counted.",
  whenFull: "overwrite",
  policy: (settings, reach) => ({
    capacity: 1, // the box
    whenFull: settings.whenFull ?? "overwrite",
    pick: "newest",
    onStall: settings.onStall,
    start: settings.start,
    onDisconnect: settings.onDisconnect ?? "drop", // EGL: what waits at a disconnect is out of reach
    reuse: settings.reuse,
    maxHeld: settings.maxHeld,
    maxWaitMs: settings.maxWaitMs ?? reach.maxWaitMs,
    maxLag: settings.maxLag ?? 0,
    maxLagTotal: settings.maxLagTotal ?? 0,
    label: "mailbox",
  }),
};
