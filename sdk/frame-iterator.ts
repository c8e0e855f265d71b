/** `for await (const frame of consumer)`: new frames only, each released for you at the next turn, or at the end. */
import type { DisconnectCause, ReadableFrame, Result } from "./base/types.ts";
import { iterationError } from "./flow.ts";

/** What the iterator needs of a consumer. */
export interface FrameSource {
  readonly cause: DisconnectCause;
  /** The producer's words about the end, or "". */
  readonly reason: string;
  next(): Promise<Result<ReadableFrame>>;
}

const done: IteratorReturnResult<undefined> = { done: true, value: undefined };

export class FrameIterator implements AsyncIterableIterator<ReadableFrame, undefined, undefined> {
  readonly #source: FrameSource;
  #frame: ReadableFrame | undefined;
  #over = false;

  constructor(source: FrameSource) {
    this.#source = source;
  }

  async next(): Promise<IteratorResult<ReadableFrame, undefined>> {
    this.#release();
    if (this.#over) return done;
    const result = await this.#source.next();
    if (result.status === "ok") {
      if (this.#over) {
        // return() came while this wait was pending; nobody will see this frame.
        result.frame.release();
        return done;
      }
      this.#frame = result.frame;
      return { done: false, value: result.frame };
    }
    this.#over = true;
    const error = iterationError(this.#source.cause, this.#source.reason);
    if (error !== undefined) throw error;
    return done;
  }

  async return(): Promise<IteratorResult<ReadableFrame, undefined>> {
    this.#end();
    return done;
  }

  async throw(error?: unknown): Promise<IteratorResult<ReadableFrame, undefined>> {
    this.#end();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end();
  }

  #end(): void {
    this.#over = true;
    this.#release();
  }

  #release(): void {
    this.#frame?.release();
    this.#frame = undefined;
  }
}
