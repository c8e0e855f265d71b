/** `for await (const frame of consumer)`: new frames only, each released for you at the next turn, or at the end. */
import type { StreamError } from "./base/errors.ts";
import type { ReadableFrame } from "./base/types.ts";
import type { NoFrame } from "./flow.ts";
import type { Attempt } from "./wait.ts";

/** Whatever has a lease. */
interface Leased {
  release(): void;
}

/** What the iterator needs of a consumer. */
export interface FrameSource<F extends Leased> {
  /** One try. */
  take(): F | NoFrame;
  /** Tries at once, then at every wake-up. Throws when another wait is pending. */
  wait<T>(attempt: Attempt<T>): Promise<T>;
  /** Why there are no more frames, if that deserves an error. */
  failure(): StreamError | undefined;
}

type Turn<F> = IteratorResult<F, undefined>;

const done: IteratorReturnResult<undefined> = { done: true, value: undefined };

/** Its `next` is not an async function: a frame that is there costs one promise and one turn of the microtasks. */
export class FrameIterator<F extends Leased = ReadableFrame> implements AsyncIterableIterator<F, undefined, undefined> {
  readonly #source: FrameSource<F>;
  #frame: F | undefined;
  #over = false;

  constructor(source: FrameSource<F>) {
    this.#source = source;
  }

  next(): Promise<Turn<F>> {
    try {
      this.#release();
      if (this.#over) return Promise.resolve(done);
      return this.#source.wait(this.#attempt);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async return(): Promise<Turn<F>> {
    this.#end();
    return done;
  }

  async throw(error?: unknown): Promise<Turn<F>> {
    this.#end();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end();
  }

  readonly #attempt = (): Turn<F> | undefined => {
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
