/** What came over a bridge's links, one after the other. */
import type { FrameHead } from "../transports/remote/offer.ts";

export class BridgeCounters {
  frames = 0n;
  bytes = 0n;
  skipped = 0n;
  missed = 0n;
  /** The newest frame. */
  #last: { number: bigint; epoch: bigint } | undefined;
  #isFirst = true;

  /** The next frame is the first of its link. */
  newLink(): void {
    this.#isFirst = true;
  }

  add({ number, epoch, skipped, size }: FrameHead): void {
    if (this.#isFirst && this.#last !== undefined) {
      // Another epoch is another life, which counts from 1.
      const from = this.#last.epoch === epoch ? this.#last.number : 0n;
      this.missed += number - 1n - skipped - from;
    }
    this.#isFirst = false;
    this.#last = { number, epoch };
    this.frames++;
    this.bytes += BigInt(size);
    this.skipped += skipped;
  }
}
