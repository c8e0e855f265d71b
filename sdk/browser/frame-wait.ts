/** The one wait that a consumer may have: tries at every wake-up, until its time is over or its signal says so. */
import type { WaitOptions } from "../base/types.ts";
import type { Attempt, GiveUp } from "../wait.ts";

export class FrameWait {
  /** Tries again; the wait that is pending. */
  #pending: (() => void) | undefined;

  get busy(): boolean {
    return this.#pending !== undefined;
  }

  /** Call it only while not busy. */
  wait<T>(attempt: Attempt<T>, giveUp: (why: GiveUp) => T, { timeoutMs, signal }: WaitOptions): Promise<T> {
    try {
      if (signal?.aborted) return Promise.resolve(giveUp("aborted"));
      const value = attempt();
      if (value !== undefined) return Promise.resolve(value);
      if (timeoutMs === 0) return Promise.resolve(giveUp("timeout"));
    } catch (error) {
      return Promise.reject(error);
    }
    return new Promise((resolve, reject) => {
      const settle = (result: () => T) => {
        this.#pending = undefined;
        if (timer !== undefined) clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
        try {
          resolve(result());
        } catch (error) {
          reject(error);
        }
      };
      const onAbort = () => settle(() => giveUp("aborted"));
      const timer = timeoutMs === undefined ? undefined : setTimeout(() => settle(() => giveUp("timeout")), timeoutMs);
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#pending = () => {
        try {
          const value = attempt();
          if (value !== undefined) settle(() => value);
        } catch (error) {
          settle(() => {
            throw error;
          });
        }
      };
    });
  }

  /** Spurious calls are harmless. */
  wake(): void {
    this.#pending?.();
  }
}
