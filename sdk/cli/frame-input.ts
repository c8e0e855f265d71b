/** What the `source` command reads from: a decoder, a camera or the test pattern look the same to it. */
import type { FrameSpec, WritableFrame } from "../base/types.ts";

/** The part of a writable frame that an input fills. */
export type FrameToFill = Pick<WritableFrame, "data" | "planes" | "layout">;

export interface FrameTimes {
  /** ns; undefined when the source does not know. */
  pts: bigint | undefined;
  /** ns, 0 = unknown. */
  duration: bigint;
  /** When it is to be posted, on the input's own clock. @default pts */
  due?: bigint;
  /** ns between the taking of the picture and its post. @default it was taken when it was read */
  age?: bigint;
  /** Bytes used. @default the whole frame */
  size?: number;
  metadata?: Uint8Array;
}

/** Instead of a frame: those that follow look like this. Nothing was filled. */
export interface FrameChange {
  frame: FrameSpec;
}

export interface FrameInput {
  /** A live input gives frames when they happen; it is never paced and never ends by itself. */
  readonly live: boolean;
  /** Starts the input and says what its frames look like. */
  open(): Promise<FrameSpec>;
  /** Fills the next frame. undefined: there are no more. After a change the next one is of the new kind. */
  read(frame: FrameToFill): Promise<FrameTimes | FrameChange | undefined>;
  /** Stops at once, a pending open() or read() included; resolves when nothing is left behind. Idempotent. */
  close(): Promise<void>;
}
