/** A camera's pace. */
import { setTimeout as sleep } from "node:timers/promises";

/** Awaits `work` at a steady rate for `ms`; returns how often. */
export async function pace(fps, ms, work) {
  const start = performance.now();
  const periodMs = 1000 / fps;
  const count = Math.round(ms / periodMs);
  for (let i = 0; i < count; i++) {
    await sleep(Math.max(0, start + i * periodMs - performance.now()));
    await work();
  }
  return count;
}
