/** Takes a consumer's frames one by one until somebody says stop. */
import type { ReadableFrame, Result } from "../base/types.ts";
import type { Consumer } from "../consumer.ts";

export class StoppableReader {
  readonly #consumer: Consumer;
  readonly #signal: AbortSignal;
  #waiting = false;

  /**
   * One listener for the whole run: one per frame costs more than the frame. Closing ends a wait; a frame that is being
   * written keeps its lease until it is written.
   */
  constructor(consumer: Consumer, signal: AbortSignal) {
    this.#consumer = consumer;
    this.#signal = signal;
    signal.addEventListener("abort", () => {
      if (this.#waiting) void consumer.close();
    });
  }

  /** undefined: told to stop. */
  async next(): Promise<Result<ReadableFrame> | undefined> {
    if (this.#signal.aborted) return undefined;
    this.#waiting = true;
    const result = await this.#consumer.next();
    this.#waiting = false;
    return this.#signal.aborted ? undefined : result;
  }
}
