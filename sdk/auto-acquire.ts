/** Frames to a callback, one after the other, until the stream ends or it is switched off. */
import type { ReadableFrame, Result, WaitOptions } from "./base/types.ts";
import type { NoFrame } from "./flow.ts";

/** What a consumer does with each frame. The lease ends when it returns, or when its promise settles. */
export type FrameCallback = (frame: ReadableFrame) => void | Promise<void>;

type NextFrame = (options: WaitOptions) => Promise<Result<ReadableFrame>>;

export class AutoAcquire {
  readonly #off = new AbortController();
  /** Why no more frames come; rejects with what the callback threw. */
  readonly done: Promise<NoFrame>;

  /** Takes what waits before this returns. */
  constructor(next: NextFrame, callback: FrameCallback) {
    this.done = this.#run(next, callback);
  }

  async stop(): Promise<void> {
    this.#off.abort();
    await this.done.catch(() => {}); // whoever switched it on hears of that
  }

  async #run(next: NextFrame, callback: FrameCallback): Promise<NoFrame> {
    for (;;) {
      const { status, frame } = await next({ signal: this.#off.signal });
      if (status !== "ok") return status;
      try {
        await callback(frame);
      } finally {
        frame.release();
      }
    }
  }
}
