/** The producer's loop: take a slot, let the input fill it, wait until it is due, post it. */
import type { FrameSpec, PostOptions, PostResult, Result, WaitOptions, WritableFrame } from "../base/types.ts";
import type { FrameChange, FrameInput, FrameTimes } from "./frame-input.ts";
import type { Pacer } from "./pacer.ts";

/** The part of a producer that the loop uses. A free slot and a place are the rule; only without them does it wait. */
export interface FrameSink {
  tryAcquire(): Result<WritableFrame>;
  acquire(options: WaitOptions): Promise<WritableFrame>;
  tryPost(frame: WritableFrame, options: PostOptions): PostResult;
  post(frame: WritableFrame, options: PostOptions): Promise<unknown>;
  reconfigure(frame: FrameSpec): Promise<void>;
}

export interface PumpOptions {
  input: FrameInput;
  sink: FrameSink;
  /** undefined: as fast as frames come. */
  pacer: Pacer | undefined;
  /** At most so many frames. */
  countMax: number;
  /** Resolves when the first frame may be posted. */
  ready: () => Promise<void>;
  signal: AbortSignal;
}

/** Resolves at the input's end, after `countMax` frames, or when the signal fires; throws what went wrong. */
export async function pumpFrames(options: PumpOptions): Promise<void> {
  try {
    for (let count = 0; count < options.countMax && !options.signal.aborted; ) {
      const outcome = await pumpOne(options, count === 0);
      if (outcome === undefined) return;
      if (outcome === "posted") count += 1;
      else await options.sink.reconfigure(outcome.frame);
    }
  } catch (error) {
    // Being told to stop makes every wait fail; that is not a failure.
    if (!options.signal.aborted) throw error;
  }
}

/** undefined: that is all. A change is the caller's: while it happens no slot may be out. */
async function pumpOne(options: PumpOptions, isFirst: boolean): Promise<"posted" | FrameChange | undefined> {
  const { input, sink, signal } = options;
  const frame = sink.tryAcquire().frame ?? (await sink.acquire({ signal }));
  try {
    const times = await input.read(frame);
    if (!times || signal.aborted) return undefined;
    if ("frame" in times) return times;
    const readAt = process.hrtime.bigint();
    if (isFirst) await options.ready();
    await options.pacer?.wait(times.due ?? times.pts);
    const details = postOptions(times, readAt);
    if (sink.tryPost(frame, details).status !== "ok") await sink.post(frame, { ...details, signal });
    return "posted";
  } finally {
    // After a post the lease is over and this does nothing.
    frame.discard();
  }
}

function postOptions(times: FrameTimes, readAt: bigint): PostOptions {
  const { pts, duration, age, size, metadata } = times;
  const captured = age === undefined ? readAt : process.hrtime.bigint() - age;
  return {
    ...(pts !== undefined && { pts }),
    duration,
    // A picture from before this machine started has no time here.
    captured: captured > 0n ? captured : 1n,
    ...(size !== undefined && { size }),
    ...(metadata !== undefined && { metadata }),
  };
}
