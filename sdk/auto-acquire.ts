/** Frames to a callback, one after the other, until the stream ends or it is switched off. */
import type { ReadableFrame, Result, WaitOptions } from "./base/types.ts";

/** What a consumer does with each frame. The lease ends when it returns, or when its promise settles. */
export type FrameCallback = (frame: ReadableFrame) => void | Promise<void>;

export class AutoAcquire {
  readonly #off = new AbortController();
  /** Settles when it has ended; rejects with what the callback threw. */
  readonly done: Promise<void>;

  /** Takes what waits before this returns. */
  constructor(next: (options: WaitOptions) => Promise<Result<ReadableFrame>>, callback: FrameCallback) {
    this.done = this.#run(next, callback);
  }

  stop(): Promise<void> {
    this.#off.abort();
    return this.done.catch(() => {}); // whoever switched it on hears of that
  }

  async #run(next: (options: WaitOptions) => Promise<Result<ReadableFrame>>, callback: FrameCallback): Promise<void> {
    for (;;) {
      const { status, frame } = await next({ signal: this.#off.signal });
      if (status !== "ok") return;
      try {
        await callback(frame);
      } finally {
        frame.release();
      }
    }
  }
}
