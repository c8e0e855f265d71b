/**
 * Frames that arrived and wait, and the credit that follows from them (docs/wire.md, "Flow control"). Everything is
 * a sum since the beginning of the connection. No socket and no memory here.
 */
import type { NativePolicy } from "../../native/binding.ts";
import { protocolError } from "../../transports/wire/codes.ts";
import type { WireMessage } from "../../transports/wire/index.ts";
import { whenFull } from "../native-policy.ts";

type Credit = Extract<WireMessage, { type: "credit" }>;

/** What the inbox reads of a frame. */
export interface Arrival {
  readonly number: bigint;
  /** Frames that the producer passed over before it. */
  readonly skipped: bigint;
}

/** posted = delivered + skipped + discarded + waiting */
export interface InboxCounters {
  posted: bigint;
  delivered: bigint;
  skipped: bigint;
  discarded: bigint;
  waiting: bigint;
}

/** A mailbox's frames at once: the one that waits, and the one that arrives. The one that is held does not count. */
const mailboxRoom = 2;

export class Inbox<F extends Arrival> {
  readonly #capacity: number;
  readonly #overwrites: boolean;
  readonly #demand: boolean;
  readonly #room: number;
  readonly #waiting: F[] = [];
  #arrived = 0n;
  #wanted = 0n;
  #delivered = 0n;
  #overwritten = 0n;
  #discarded = 0n;
  #passedOver = 0n;
  /** Frames lost since the last delivery, of those that arrived. */
  #gap = 0n;
  #newest = 0n;
  #resetUpTo = 0n;

  /** `demand`: frames come only when `want` was called. */
  constructor(policy: Pick<NativePolicy, "capacity" | "whenFull">, demand: boolean) {
    this.#capacity = policy.capacity;
    this.#overwrites = policy.whenFull === whenFull.overwrite;
    this.#demand = demand;
    this.#room = policy.capacity === 1 ? mailboxRoom : policy.capacity;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Frames that came, those that were never acquired included. */
  get arrived(): bigint {
    return this.#arrived;
  }

  get counters(): InboxCounters {
    return {
      posted: this.#arrived + this.#passedOver,
      delivered: this.#delivered,
      skipped: this.#overwritten + this.#passedOver,
      discarded: this.#discarded,
      waiting: BigInt(this.#waiting.length),
    };
  }

  get credit(): Credit {
    const skipped = this.#overwritten + this.#discarded;
    return {
      type: "credit",
      granted: this.#granted,
      acquired: this.#delivered + skipped, // all of them have left their places
      skipped,
      frame: this.#newest,
    };
  }

  get #granted(): bigint {
    if (this.#demand) return this.#wanted;
    const freed = this.#overwrites ? this.#arrived : this.#arrived - BigInt(this.#waiting.length);
    return BigInt(this.#overwrites ? this.#room : this.#capacity) + freed;
  }

  /** A frame begins to arrive. @throws StreamError ERR_BAD_PROTOCOL: nobody granted it */
  expect(): void {
    if (this.#arrived >= this.#granted) throw protocolError("a frame comes that was not granted");
  }

  /** With `demand`: somebody waits, so one frame may come. */
  want(): void {
    if (this.#demand && this.#wanted <= this.#arrived) this.#wanted = this.#arrived + 1n;
  }

  /** A frame is complete. The frames that have no place any more, this one perhaps. */
  put(frame: F): F[] {
    this.#arrived++;
    this.#passedOver += frame.skipped;
    this.#waiting.push(frame);
    if (frame.number <= this.#resetUpTo) return this.#discard(this.#waiting.length);
    if (this.#waiting.length <= this.#capacity) return [];
    const lost = this.#waiting.splice(0, this.#waiting.length - this.#capacity);
    this.#overwritten += BigInt(lost.length);
    this.#addToGap(lost);
    return lost;
  }

  /** The next frame, and how many were passed over since the one before. */
  take(): { frame: F; skipped: bigint } | undefined {
    const frame = this.#waiting.shift();
    if (frame === undefined) return undefined;
    const skipped = this.#gap + frame.skipped;
    this.#gap = 0n;
    this.#delivered++;
    this.#newest = frame.number;
    return { frame, skipped };
  }

  /** The producer was reset: what waits, or still arrives, up to this number is void. */
  reset(number: bigint): F[] {
    this.#resetUpTo = number;
    return this.#discard(this.#waiting.filter((frame) => frame.number <= number).length);
  }

  /** What waits will never be read. */
  discardAll(): F[] {
    return this.#discard(this.#waiting.length);
  }

  #discard(count: number): F[] {
    const lost = this.#waiting.splice(0, count);
    this.#discarded += BigInt(lost.length);
    this.#addToGap(lost);
    return lost;
  }

  #addToGap(lost: readonly F[]): void {
    for (const { skipped } of lost) this.#gap += skipped + 1n;
  }
}
