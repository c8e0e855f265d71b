/** Where a recording's pixels go, and where they come from: one interface each, whatever the file. */

import { planesOf } from "../../base/format.ts";
import type { ReadableFrame } from "../../base/types.ts";
import type { FrameToFill } from "../frame-input.ts";

/** The part of a readable frame whose pixels are stored. */
export type FrameToStore = Pick<ReadableFrame, "data" | "planes" | "layout" | "size" | "duration">;

export interface FrameStore {
  /** Fires when nothing can be written any more; the next write() or close() says why. */
  readonly broken: AbortSignal;
  /** The frame's lease must last until this resolves. */
  write(frame: FrameToStore): Promise<void>;
  /** Completes the file. */
  close(): Promise<void>;
}

export interface StoredFrames {
  /** Passes over the next frame. Only before the first read. */
  skip(size: number): void;
  /** Fills the slot with the next frame, of which `size` bytes are used. false: there are no more whole frames. */
  read(frame: FrameToFill, size: number): Promise<boolean>;
  /** Idempotent; resolves when nothing is left behind. */
  close(): Promise<void>;
}

/** A picture that uses only a part of its slot is stored whole: the rest is zeros. */
export function wholePicture(frame: FrameToStore): Pick<FrameToStore, "data" | "planes"> {
  if (frame.size === frame.layout.size) return frame;
  const data = new Uint8Array(frame.layout.size);
  data.set(frame.data);
  return { data, planes: planesOf(data, frame.layout) };
}
