/** Living through a producer's restarts: opens the next connection when the last one is gone. */
import { setTimeout as delay } from "node:timers/promises";
import type { NativeConsumer } from "../native/binding.ts";
import { StreamError } from "./base/errors.ts";
import { hopeless, pausesMs } from "./base/reconnect.ts";
import type { ReconnectOptions, WhileAway } from "./base/types.ts";

export { canReconnect, pausesMs } from "./base/reconnect.ts";

/** One attempt: a connection, or a throw. */
export type Reopen = (signal: AbortSignal) => Promise<NativeConsumer>;

/** How a consumer comes back. */
export interface Comeback {
  reopen: Reopen;
  backoff: Required<ReconnectOptions>;
  whileAway: WhileAway;
}

export class Supervisor {
  readonly #comeback: Comeback;
  readonly #adopt: (consumer: NativeConsumer) => void;
  readonly #fail: (error: unknown) => void;
  readonly #stop = new AbortController();
  #running = false;

  constructor(comeback: Comeback, adopt: (consumer: NativeConsumer) => void, fail: (error: unknown) => void) {
    this.#comeback = comeback;
    this.#adopt = adopt;
    this.#fail = fail;
  }

  /** The connection is gone. Returns at once; `adopt` or `fail` follows. */
  start(): void {
    if (this.#running || this.#stop.signal.aborted) return;
    this.#running = true;
    void this.#run(); // never rejects: every outcome is told
  }

  stop(): void {
    this.#stop.abort();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    let last: StreamError | undefined;
    for (const ms of pausesMs(this.#comeback.backoff)) {
      // Not a reason to keep the process alive; whoever waits for a frame is.
      await delay(ms, undefined, { signal, ref: false }).catch(() => {});
      if (signal.aborted) return;
      try {
        const consumer = await this.#comeback.reopen(signal);
        this.#running = false;
        if (this.#stop.signal.aborted) consumer.close();
        else this.#adopt(consumer);
        return;
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof StreamError) || hopeless.has(error.code)) {
          this.#fail(error);
          return;
        }
        last = error;
      }
    }
    const { attempts } = this.#comeback.backoff;
    const text = `the producer went and did not come back within ${attempts} attempts; the last one: ${last?.message}`;
    this.#fail(new StreamError("ERR_PRODUCER_LOST", text, { reason: "closed", cause: last }));
  }
}
