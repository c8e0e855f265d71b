/** The connections a consumer had before its newest one: their last frames, their counters, and what was missed. */
import { AcquireFlag, Flow, type NativeConsumerInfo } from "../native/binding.ts";
import type { LifetimeCounters } from "./base/stats-types.ts";
import type { ReadableFrameLease } from "./frame.ts";
import type { ReadLeases } from "./read-leases.ts";

export class EarlierLives {
  /** The newest connection has brought no frame yet; its first one ends the leases that it replaces. */
  awaitsFirst = true;
  reconnects = 0;
  /** The connection before the newest one. */
  previous: bigint | undefined;
  readonly #holdsLast: boolean;
  /** Those with frames still out, and with `hold-last` the one that brought the last frame. */
  #leases: ReadLeases[] = [];
  #sum = { posted: 0n, delivered: 0n, skipped: 0n, discarded: 0n };
  #missed: bigint | undefined = 0n;
  /** Number after which the newest connection began to count. */
  #start = 0n;
  /** Where the last connection that brought a frame ended; `last` is not known if none ever did. */
  #left: { epoch: bigint; last: bigint | undefined } | undefined;

  /** `holdsLast`: the last frame can be had again until the next one comes. */
  constructor(holdsLast: boolean) {
    this.#holdsLast = holdsLast;
  }

  /** Bytes of an earlier connection are being written somewhere; its lease cannot end now. */
  get blocked(): boolean {
    return this.#leases.some((leases) => leases.blocked);
  }

  /** Frames posted while the consumer was away; see ConsumerStats. */
  get missed(): bigint | undefined {
    return this.awaitsFirst && this.reconnects > 0 ? undefined : this.#missed;
  }

  /** `info`: of the newest connection, which is not among the earlier ones. */
  lifetime(info: NativeConsumerInfo): LifetimeCounters {
    const sum = this.#sum;
    return {
      connections: this.reconnects + 1,
      posted: sum.posted + info.posted,
      delivered: sum.delivered + info.delivered,
      skipped: sum.skipped + info.skipped,
      discarded: sum.discarded + info.discarded,
    };
  }

  /** The connection is over, and the next one is there. */
  leave(leases: ReadLeases): void {
    const info = leases.native.info();
    const { posted, delivered, skipped, discarded } = this.lifetime(info);
    this.#sum = { posted, delivered, skipped, discarded };
    const last = this.awaitsFirst ? undefined : this.#start + info.posted;
    if (last !== undefined || this.#left === undefined) this.#left = { epoch: info.epoch, last };
    this.previous = info.connection;
    this.reconnects++;
    if (this.awaitsFirst || !this.#holdsLast) leases.retire(); // no frame of it will be asked for again
    this.awaitsFirst = true;
    this.#leases = [...this.#leases, leases].filter(({ closed }) => !closed);
  }

  /** The newest connection's first frame. */
  meet(frame: ReadableFrameLease): void {
    this.awaitsFirst = false;
    this.#start = frame.number - frame.skipped - 1n;
    if (this.#left !== undefined) {
      // Another epoch is another life, which counts from 1.
      const from = this.#left.epoch === frame.epoch ? this.#left.last : 0n;
      const known = this.#missed !== undefined && from !== undefined;
      this.#missed = known ? (this.#missed as bigint) + this.#start - from : undefined;
    }
    for (const leases of this.#leases) {
      leases.retire();
      leases.endCurrent();
    }
  }

  /** The last frame once more, while the newest connection has brought none. */
  lastFrame(): ReadableFrameLease | undefined {
    if (!this.#holdsLast || !this.awaitsFirst) return undefined;
    const again = ({ native }: ReadLeases) => native.tryAcquire(AcquireFlag.pastEnd) === Flow.ok;
    return this.#leases.findLast((leases) => !leases.closed && again(leases))?.take();
  }

  async close(): Promise<void> {
    await Promise.all(this.#leases.map((leases) => leases.close()));
  }
}
