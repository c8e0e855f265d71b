/** `for await (const frame of consumer)`: new frames only, each released for you at the next turn, or at the end. */
import type { StreamError } from "./base/errors.ts";
import type { ReadableFrame } from "./base/types.ts";
import type { NoFrame } from "./flow.ts";
import type { Attempt } from "./wait.ts";

/** What the iterator needs of a consumer. */
export interface FrameSource {
  /** One try. */
  take(): ReadableFrame | NoFrame;
  /** Tries at once, then at every wake-up. Throws when another wait is pending. */
  wait<T>(attempt: Attempt<T>): Promise<T>;
  /** Why there are no more frames, if that deserves an error. */
  failure(): StreamError | undefined;
}

type Turn = IteratorResult<ReadableFrame, undefined>;

const done: IteratorReturnResult<undefined> = { done: true, value: undefined };

/** Its `next` is not an async function: a frame that is there costs one promise and one turn of the microtasks. */
export class FrameIterator implements AsyncIterableIterator<ReadableFrame, undefined, undefined> {
  readonly #source: FrameSource;
  #frame: ReadableFrame | undefined;
  #over = false;

  constructor(source: FrameSource) {
    this.#source = source;
  }

  next(): Promise<Turn> {
    try {
      this.#release();
      return this.#source.wait(this.#attempt);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async return(): Promise<Turn> {
    this.#end();
    return done;
  }

  async throw(error?: unknown): Promise<Turn> {
    this.#end();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end();
  }

  readonly #attempt = (): Turn | undefined => {
    if (this.#over) return done; // also when return() came while a wait was pending: nobody would see the frame
    const taken = this.#source.take();
    if (taken === "would-block") return undefined;
    if (typeof taken === "string") {
      this.#over = true;
      const failure = this.#source.failure();
      if (failure !== undefined) throw failure;
      return done;
    }
    this.#frame = taken;
    return { done: false, value: taken };
  };

  #end(): void {
    this.#over = true;
    this.#release();
  }

  #release(): void {
    this.#frame?.release();
    this.#frame = undefined;
  }
}
