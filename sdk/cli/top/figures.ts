/** Figures in few columns: a number a person can read at a glance, and a row of bars. */

const thousands = ["", "k", "M", "G", "T", "P"];
const powersOf1024 = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** Exact up to 99999, then three digits and a unit: `1.23M`. */
export function shortCount(count: bigint): string {
  if (count < 100_000n) return String(count);
  return scaled(Number(count), 1000, thousands);
}

export function shortBytes(bytes: bigint): string {
  return scaled(Number(bytes), 1024, powersOf1024);
}

/** Three digits and a unit. */
function scaled(value: number, step: number, units: readonly string[]): string {
  let power = 0;
  let rest = value;
  // 999.6 would be shown as 1000.
  while (rest >= 999.5 && power < units.length - 1) {
    rest /= step;
    power += 1;
  }
  const digits = rest >= 99.95 || power === 0 ? 0 : rest >= 9.995 ? 1 : 2;
  return `${rest.toFixed(digits)}${units[power]}`;
}

export function shortRate(perSecond: number | undefined): string {
  if (perSecond === undefined) return "-";
  return perSecond < 9999.95 ? perSecond.toFixed(1) : scaled(perSecond, 1000, thousands);
}

/** `85µs`, `1.25ms`, `12.5ms`, `3.1s`: five digits and signs at most. */
export function shortTime(us: number | undefined, micro: string): string {
  if (us === undefined) return "-";
  if (us < 999.5) return `${us.toFixed(0)}${micro}s`;
  const ms = us / 1000;
  if (ms < 999.5) return `${ms.toFixed(ms < 9.995 ? 2 : ms < 99.95 ? 1 : 0)}ms`;
  const seconds = ms / 1000;
  return seconds < 9999.5 ? `${seconds.toFixed(seconds < 99.95 ? 1 : 0)}s` : `${scaled(seconds, 1000, thousands)}s`;
}

/** The newest `width` values as bars, the newest on the right; the tallest bar is the largest of them. */
export function sparkline(history: readonly (number | undefined)[], width: number, bars: readonly string[]): string {
  const shown = history.slice(-width);
  const most = Math.max(0, ...shown.map((value) => value ?? 0));
  const line = shown.map((value) => bar(value, most, bars)).join("");
  return " ".repeat(width - shown.length) + line;
}

/** The lowest bar is kept for nothing at all: a stream that crawls must not look like one that stands. */
function bar(value: number | undefined, most: number, bars: readonly string[]): string {
  if (value === undefined) return " ";
  if (value <= 0) return bars[0] ?? " ";
  const steps = bars.length - 1;
  return bars[Math.max(1, Math.ceil((value / most) * steps))] ?? " ";
}
