/** `.raw` and `.y4m`: written here, byte after byte as they lie in the slot; no other program is needed. */
import type { FrameLayout } from "../../base/types.ts";
import type { Output } from "../output.ts";
import { Y4mPlanes, y4mFrameMark, y4mHeader } from "../y4m.ts";
import type { FrameStore, FrameToStore } from "./frame-store.ts";
import { wholePicture } from "./frame-store.ts";
import { writeFailure } from "./output-file.ts";

abstract class PlainStore implements FrameStore {
  // A file has nothing to say on its own; a failed write says it.
  readonly broken: AbortSignal = new AbortController().signal;
  protected readonly output: Output;
  readonly #path: string;

  constructor(output: Output, path: string) {
    this.output = output;
    this.#path = path;
  }

  abstract pieces(frame: FrameToStore): (Uint8Array | string)[];

  async write(frame: FrameToStore): Promise<void> {
    try {
      await this.output.write(...this.pieces(frame));
    } catch (error) {
      throw writeFailure(this.#path, error);
    }
  }

  async close(): Promise<void> {
    try {
      await this.output.end();
    } catch (error) {
      throw writeFailure(this.#path, error);
    }
  }
}

/** Frames of the length that was posted, one behind the other. */
export class RawStore extends PlainStore {
  override pieces(frame: FrameToStore): Uint8Array[] {
    return [frame.data];
  }
}

export class Y4mStore extends PlainStore {
  readonly #planes = new Y4mPlanes();
  readonly #layout: FrameLayout;
  #begun = false;

  constructor(output: Output, path: string, layout: FrameLayout) {
    super(output, path);
    this.#layout = layout;
  }

  override pieces(frame: FrameToStore): (Uint8Array | string)[] {
    const header = this.#begun ? "" : y4mHeader(this.#layout, frame.duration);
    this.#begun = true;
    return [header + y4mFrameMark, ...this.#planes.of(this.#layout, wholePicture(frame).planes)];
  }
}
