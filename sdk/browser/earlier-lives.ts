/** The connections that a consumer had before its newest one: their counters, and what was missed in between. */
import type { LifetimeCounters } from "../base/stats-types.ts";
import type { Connection } from "./connection.ts";
import type { BrowserFrame } from "./received-frame.ts";

export class EarlierLives {
  reconnects = 0;
  /** The connection before the newest one. */
  previous: bigint | undefined;
  #sum = { posted: 0n, delivered: 0n, skipped: 0n, discarded: 0n };
  #missed: bigint | undefined = 0n;
  #awaitsFirst = true;
  /** Number after which the newest connection began to count. */
  #start = 0n;
  /** Where the last connection that brought a frame ended. */
  #left: { epoch: bigint; last: bigint | undefined } | undefined;

  /** As in ConsumerStats. */
  get missed(): bigint | undefined {
    return this.#awaitsFirst && this.reconnects > 0 ? undefined : this.#missed;
  }

  lifetime(newest: Connection): LifetimeCounters {
    const { posted, delivered, skipped, discarded } = newest.counters;
    return {
      connections: this.reconnects + 1,
      posted: this.#sum.posted + posted,
      delivered: this.#sum.delivered + delivered,
      skipped: this.#sum.skipped + skipped,
      discarded: this.#sum.discarded + discarded,
    };
  }

  /** The connection is over, and the next one is there. */
  leave(old: Connection): void {
    const { connections: _, ...sum } = this.lifetime(old);
    this.#sum = sum;
    const last = this.#awaitsFirst ? undefined : this.#start + old.counters.posted;
    if (last !== undefined || this.#left === undefined) this.#left = { epoch: old.epoch, last };
    this.previous = old.connection;
    this.reconnects++;
    this.#awaitsFirst = true;
  }

  /** A frame of the newest connection was acquired. */
  meet({ number, skipped, epoch }: BrowserFrame): void {
    if (!this.#awaitsFirst) return;
    this.#awaitsFirst = false;
    this.#start = number - skipped - 1n;
    if (this.#left === undefined) return;
    // Another epoch is another life, which counts from 1.
    const from = this.#left.epoch === epoch ? this.#left.last : 0n;
    const known = this.#missed !== undefined && from !== undefined;
    this.#missed = known ? (this.#missed as bigint) + this.#start - from : undefined;
  }
}
