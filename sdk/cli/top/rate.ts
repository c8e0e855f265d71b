/** How fast a counter runs now, and how fast it ran lately. */

/** As many values as the widest sparkline has columns. */
export const historyLength = 120;

/** Looks that are closer together than this are taken together: one frame more or less is 10 fps in 100 ms. */
export const windowNs = 1_000_000_000n;
/** More than this between two looks is no counting, it is another counter under the same name. */
const leapMax = 2n ** 40n;

interface Look {
  at: bigint;
  count: bigint;
}

export class RateTrack {
  readonly #looks: Look[] = [];
  readonly #history: (number | undefined)[] = [];

  /** A new reading of the counter at a monotonic time in ns. */
  push(at: bigint, count: bigint): void {
    const last = this.#looks.at(-1);
    // The same answer again says nothing new.
    if (last && at <= last.at) return;
    if (last && counted(last.count, count) === undefined) this.restart();
    this.#looks.push({ at, count });
    while (this.#looks.length > 2 && at - (this.#looks[1]?.at ?? at) >= windowNs) this.#looks.shift();
    this.#remember(this.perSecond);
  }

  /** No reading this time. */
  miss(): void {
    this.restart();
    this.#remember(undefined);
  }

  /** The next reading is of a new counter; what the old one did stays in the history. */
  restart(): void {
    this.#looks.length = 0;
  }

  /** undefined until there are two readings of the same counter. */
  get perSecond(): number | undefined {
    const first = this.#looks[0];
    const last = this.#looks.at(-1);
    if (!first || !last || first === last) return undefined;
    const count = counted(first.count, last.count);
    return count === undefined ? undefined : Number(count) / (Number(last.at - first.at) / 1e9);
  }

  /** A copy, oldest first. undefined: not known then. */
  history(): (number | undefined)[] {
    return [...this.#history];
  }

  #remember(value: number | undefined): void {
    this.#history.push(value);
    if (this.#history.length > historyLength) this.#history.shift();
  }
}

/** What a 64-bit counter counted in between, through its wrap-around too. undefined: it was set anew. */
export function counted(before: bigint, after: bigint): bigint | undefined {
  const difference = BigInt.asUintN(64, after - before);
  return difference < leapMax ? difference : undefined;
}
