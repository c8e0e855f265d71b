/**
 * Waiting: try; if nothing is there, park; try again at every wake-up. First come, first served.
 * The way that finds something at once costs one call: no timer, no listener, no promise beyond the caller's.
 */
import type { WaitOptions } from "./base/types.ts";
import type { KeepAlive } from "./keep-alive.ts";

/** Why a wait ended without a result. */
export type GiveUp = "timeout" | "aborted";

/** One try. undefined = not yet. A throw ends the wait with that error. */
export type Attempt<T> = () => T | undefined;

class Waiter<T> {
  readonly promise: Promise<T>;
  readonly #attempt: Attempt<T>;
  readonly #giveUp: (why: GiveUp) => T;
  readonly #signal: AbortSignal | undefined;
  readonly #onGone: () => void;
  readonly #deadlineMs: number;
  #timer: NodeJS.Timeout | undefined;
  #trying = false;
  #resolve!: (value: T) => void;
  #reject!: (error: unknown) => void;

  constructor(attempt: Attempt<T>, giveUp: (why: GiveUp) => T, options: WaitOptions, onGone: () => void) {
    this.#attempt = attempt;
    this.#giveUp = giveUp;
    this.#signal = options.signal;
    this.#onGone = onGone;
    this.#deadlineMs =
      options.timeoutMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + options.timeoutMs;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** ms until it gives up. */
  get leftMs(): number {
    return Math.max(0, this.#deadlineMs - performance.now());
  }

  startTimer(keepsAlive: boolean): void {
    if (this.#deadlineMs === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(this.#onTimeout, Math.max(0, Math.ceil(this.#deadlineMs - performance.now())));
    if (!keepsAlive) this.#timer.unref();
  }

  /** true: the wait is over. */
  tryNow(): boolean {
    let value: T | undefined;
    this.#trying = true;
    try {
      value = this.#attempt();
    } catch (error) {
      this.#clean();
      this.#reject(error);
      return true;
    } finally {
      this.#trying = false;
    }
    if (value === undefined) {
      if (this.#signal?.aborted) this.#end("aborted");
      return false;
    }
    this.#clean();
    this.#resolve(value);
    return true;
  }

  readonly #onTimeout = () => {
    // The loop's clock counts whole milliseconds and may ring early; a timeout is a minimum.
    if (performance.now() < this.#deadlineMs) this.startTimer(this.#timer?.hasRef() ?? true);
    else this.#end("timeout");
  };

  readonly #onAbort = () => {
    // An abort from inside the attempt (by a listener) must not lose what the attempt is about to bring.
    if (!this.#trying) this.#end("aborted");
  };

  #end(why: GiveUp): void {
    this.#clean();
    this.#onGone();
    try {
      this.#resolve(this.#giveUp(why));
    } catch (error) {
      this.#reject(error);
    }
  }

  #clean(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#signal?.removeEventListener("abort", this.#onAbort);
  }
}

/** A queue of waits for one thing. */
export class Gate {
  readonly #keepAlive: KeepAlive;
  readonly #waiters: Waiter<unknown>[] = [];
  #waking = false;
  #wakeAgain = false;

  constructor(keepAlive: KeepAlive) {
    this.#keepAlive = keepAlive;
  }

  /** Someone waits. A newcomer must queue behind them, or it would overtake. */
  get busy(): boolean {
    return this.#waiters.length > 0;
  }

  /** ms until the first in the queue gives up. */
  get leftMs(): number {
    return this.#waiters[0]?.leftMs ?? Number.POSITIVE_INFINITY;
  }

  /** The caller has tried once already, unless the gate was busy. */
  park<T>(attempt: Attempt<T>, giveUp: (why: GiveUp) => T, options: WaitOptions): Promise<T> {
    const waiter: Waiter<T> = new Waiter(attempt, giveUp, options, () => {
      this.#remove(waiter as Waiter<unknown>);
      this.wake(); // the one behind may have what this one lacked
    });
    this.#waiters.push(waiter as Waiter<unknown>);
    this.#keepAlive.hold();
    waiter.startTimer(this.#keepAlive.enabled);
    return waiter.promise;
  }

  /** Try, then park. */
  wait<T>(attempt: Attempt<T>, giveUp: (why: GiveUp) => T, options: WaitOptions): Promise<T> {
    try {
      if (options.signal?.aborted) return Promise.resolve(giveUp("aborted"));
      const value = this.busy ? undefined : attempt();
      if (value !== undefined) return Promise.resolve(value);
      if (options.timeoutMs === 0) return Promise.resolve(giveUp("timeout"));
    } catch (error) {
      return Promise.reject(error);
    }
    return this.park(attempt, giveUp, options);
  }

  /** Spurious calls are harmless. */
  wake(): void {
    // An attempt may run the application's listeners, and these may come back here.
    if (this.#waking) {
      this.#wakeAgain = true;
      return;
    }
    this.#waking = true;
    try {
      do {
        this.#wakeAgain = false;
        let head = this.#waiters[0];
        while (head?.tryNow()) {
          if (this.#waiters[0] === head) {
            this.#waiters.shift();
            this.#keepAlive.drop();
          }
          head = this.#waiters[0];
        }
      } while (this.#wakeAgain);
    } finally {
      this.#waking = false;
    }
  }

  #remove(waiter: Waiter<unknown>): void {
    const index = this.#waiters.indexOf(waiter);
    if (index < 0) return;
    this.#waiters.splice(index, 1);
    this.#keepAlive.drop();
  }
}
