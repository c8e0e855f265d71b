/** Living through a producer's restarts: opens the next connection when the last one is gone. */
import { setTimeout as delay } from "node:timers/promises";
import type { NativeConsumer } from "../native/binding.ts";
import { type ErrorCode, StreamError } from "./base/errors.ts";
import type { DisconnectCause, ReconnectOptions, WhileAway } from "./base/types.ts";

/** One attempt: a connection, or a throw. */
export type Reopen = (signal: AbortSignal) => Promise<NativeConsumer>;

/** How a consumer comes back. */
export interface Comeback {
  reopen: Reopen;
  backoff: Required<ReconnectOptions>;
  whileAway: WhileAway;
}

/** The next life cannot cure these: the two ends do not fit, or this side may not. */
const hopeless: ReadonlySet<ErrorCode> = new Set([
  "ERR_BAD_ACCESS",
  "ERR_BAD_MATCH",
  "ERR_BAD_PARAMETER",
  "ERR_BAD_PROTOCOL",
  "ERR_BAD_ATTRIBUTE",
]);

/** `ended` and `stopped` are the producer's own word that there is no more. */
export function canReconnect(cause: DisconnectCause): boolean {
  return cause === "producer-lost" || cause === "producer-closed";
}

/**
 * The pause before each attempt, ms. Many consumers lose one producer in the same moment; jitter keeps them from coming
 * back in one.
 */
export function* pausesMs(backoff: Required<ReconnectOptions>, random = Math.random): Generator<number, void> {
  const { firstMs, factor, maxMs, jitter, attempts } = backoff;
  let pauseMs = Math.min(firstMs, maxMs);
  for (let attempt = 0; attempt < attempts; attempt++) {
    yield pauseMs * (1 - jitter * random());
    pauseMs = Math.min(pauseMs * factor, maxMs);
  }
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
