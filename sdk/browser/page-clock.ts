/** The page's monotonic clock. Browsers round it, to 5 us up to a few ms. */
const nsPerMs = 1e6;

/** ns since the page was opened. */
export function nowNs(): bigint {
  return BigInt(Math.round(performance.now() * nsPerMs));
}
