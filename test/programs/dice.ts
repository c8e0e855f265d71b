/** Reproducible randomness: a test prints its seed, and EDGESTREAM_TEST_SEED brings the same run back. */
export class Dice {
  readonly seed: number;
  #state: number;

  constructor(seed = Number(process.env.EDGESTREAM_TEST_SEED ?? Date.now() % 2 ** 31)) {
    this.seed = seed;
    this.#state = seed;
  }

  /** An integer from 0 to `sides` - 1. */
  roll(sides: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * sides);
  }

  pick<T>(values: readonly T[]): T {
    return values[this.roll(values.length)] as T;
  }
}
