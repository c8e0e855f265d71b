/** The monotonic clock that frames are stamped with, and percentiles of what was measured with it. */

/** At a camera's pace some frames pass before the window opens, after the flood that warms the code up. */
export const pacedWarmUpMs = 1500;

/** Looked up once: `process` is a getter, and finding it takes as long as reading the clock. */
export const nowNs = process.hrtime.bigint;

/** Microseconds spent on a processor by this process so far, all its threads. */
export function cpuUs() {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** p50 and p99 in µs of `samples`, given in ns. */
export function percentiles(samples) {
  if (samples.length === 0) return { p50Us: null, p99Us: null, samples: 0 };
  const sorted = Float64Array.from(samples).sort();
  const at = (part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] / 1e3;
  return { p50Us: at(0.5), p99Us: at(0.99), samples: sorted.length };
}

/** One line for the program that started this one. */
export function report(result) {
  process.stdout.write(`${JSON.stringify(result)}\n`);
}
