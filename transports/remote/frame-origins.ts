/** What a frame that was received is called at its producer, by its number here. */
import type { WireMessage } from "../wire/index.ts";

type FrameHead = Extract<WireMessage, { type: "frame" }>;

export interface FrameOrigin {
  number: bigint;
  epoch: bigint;
  pts: bigint;
  /** Producer's clock. */
  captured: bigint;
  posted: bigint;
  /** Frames that the producer passed over, up to and with this one, since the connection began. */
  skippedBefore: bigint;
}

export class FrameOrigins {
  readonly #byLocal = new Map<bigint, FrameOrigin>();
  #skipped = 0n;
  #newestLocal = 0n;
  /** As the producer's newest report has it. */
  #reported = { skipped: 0n, discarded: 0n };
  #newest: FrameOrigin | undefined;

  get newest(): FrameOrigin | undefined {
    return this.#newest;
  }

  /** Frames posted to this connection that were never sent. */
  get atProducer(): { skipped: bigint; discarded: bigint } {
    const { skipped, discarded } = this.#reported;
    return { skipped: skipped > this.#skipped ? skipped : this.#skipped, discarded };
  }

  report({ skipped, discarded }: { skipped: bigint; discarded: bigint }): void {
    this.#reported = { skipped, discarded };
  }

  /** What the newest frame is called here. */
  get newestLocal(): bigint {
    return this.#newestLocal;
  }

  add(local: bigint, { number, epoch, pts, captured, posted, skipped }: FrameHead): void {
    this.#skipped += skipped;
    this.#newest = { number, epoch, pts, captured, posted, skippedBefore: this.#skipped };
    this.#newestLocal = local;
    this.#byLocal.set(local, this.#newest);
  }

  get(local: bigint): FrameOrigin | undefined {
    return this.#byLocal.get(local);
  }

  /** Where a frame replaces the one that waits: only the newest can be asked for. */
  keepNewest(): void {
    let surplus = this.#byLocal.size - 2; // the one before it may be taken already, and not asked about yet
    for (const number of this.#byLocal.keys()) {
      if (surplus-- <= 0) return;
      this.#byLocal.delete(number);
    }
  }

  /** Frames before `local` will not be asked for any more. */
  forgetBefore(local: bigint): void {
    for (const number of this.#byLocal.keys()) {
      if (number >= local) return; // in the order of their numbers
      this.#byLocal.delete(number);
    }
  }
}
