/** Exact arithmetic between a source's ticks and nanoseconds. */

/** Seconds per tick. */
export interface TimeBase {
  num: number;
  den: number;
}

const nsPerSecond = 1_000_000_000n;

/** Divides and rounds to the nearest; halves go away from zero, as ffmpeg rounds. `divisor` is positive. */
function divideRounded(dividend: bigint, divisor: bigint): bigint {
  const half = divisor / 2n;
  return dividend >= 0n ? (dividend + half) / divisor : -((-dividend + half) / divisor);
}

export function ticksToNs(ticks: bigint, base: TimeBase): bigint {
  return divideRounded(ticks * BigInt(base.num) * nsPerSecond, BigInt(base.den));
}

/** The inverse: exact for every tick that is longer than a nanosecond. */
export function nsToTicks(ns: bigint, base: TimeBase): bigint {
  return divideRounded(ns * BigInt(base.den), BigInt(base.num) * nsPerSecond);
}

/** The same instant in ticks of another clock. */
export function rescaleTicks(ticks: bigint, from: TimeBase, to: TimeBase): bigint {
  if (from.num === to.num && from.den === to.den) return ticks;
  return divideRounded(ticks * BigInt(from.num) * BigInt(to.den), BigInt(from.den) * BigInt(to.num));
}
