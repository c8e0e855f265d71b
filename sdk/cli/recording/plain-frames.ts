/** Reads `.raw` and `.y4m` back: from the file straight into the slot. */
import { type FileHandle, open } from "node:fs/promises";
import type { FrameLayout } from "../../base/types.ts";
import { CommandError } from "../failure.ts";
import type { FrameToFill } from "../frame-input.ts";
import { PlanarChroma } from "../planar-chroma.ts";
import { y4mColour, y4mFrameMark } from "../y4m.ts";
import type { StoredFrames } from "./frame-store.ts";

abstract class PlainFrames implements StoredFrames {
  protected readonly file: FileHandle;
  /** Of the next frame. */
  protected offset = 0;
  #closing: Promise<void> | undefined;

  protected constructor(file: FileHandle) {
    this.file = file;
  }

  abstract skip(size: number): void;
  abstract read(frame: FrameToFill, size: number): Promise<boolean>;

  close(): Promise<void> {
    this.#closing ??= this.file.close();
    return this.#closing;
  }

  /** false: the file ends before all of it is there. */
  protected async fill(views: readonly Uint8Array[]): Promise<boolean> {
    for (const view of views) {
      for (let filled = 0; filled < view.length; ) {
        const { bytesRead } = await this.file.read(view, filled, view.length - filled, this.offset);
        if (bytesRead === 0) return false;
        filled += bytesRead;
        this.offset += bytesRead;
      }
    }
    return true;
  }
}

export class RawFrames extends PlainFrames {
  static async open(path: string): Promise<RawFrames> {
    return new RawFrames(await open(path));
  }

  override skip(size: number): void {
    this.offset += size;
  }

  override read(frame: FrameToFill, size: number): Promise<boolean> {
    return this.fill([frame.data.subarray(0, size)]);
  }
}

const headerBytesMax = 4096;

export class Y4mFrames extends PlainFrames {
  readonly #path: string;
  readonly #layout: FrameLayout;
  readonly #chroma: PlanarChroma | undefined;
  readonly #mark = Buffer.alloc(y4mFrameMark.length);
  #begun = false;
  #skipped = 0;

  static async open(path: string, layout: FrameLayout): Promise<Y4mFrames> {
    return new Y4mFrames(await open(path), path, layout);
  }

  private constructor(file: FileHandle, path: string, layout: FrameLayout) {
    super(file);
    this.#path = path;
    this.#layout = layout;
    this.#chroma = PlanarChroma.of(layout);
  }

  override skip(): void {
    this.#skipped += 1;
  }

  override async read(frame: FrameToFill): Promise<boolean> {
    if (!this.#begun) await this.#begin();
    const [first, second] = frame.planes;
    const chroma = this.#chroma;
    const pixels = chroma && first ? [first.data, chroma.u, chroma.v] : frame.planes.map((plane) => plane.data);
    if (!(await this.fill([this.#mark, ...pixels]))) return false;
    if (this.#mark.toString("latin1") !== y4mFrameMark) throw this.#wrong("no frame begins where one should");
    if (chroma && second) chroma.join(second);
    return true;
  }

  async #begin(): Promise<void> {
    this.#begun = true;
    const { buffer, bytesRead } = await this.file.read(Buffer.alloc(headerBytesMax), 0, headerBytesMax, 0);
    // A recording without a frame has no header either.
    if (bytesRead === 0) return;
    const text = buffer.toString("latin1", 0, bytesRead);
    const { width, height, format } = this.#layout;
    const line = text.slice(0, text.indexOf("\n") + 1);
    const wanted = [`W${width}`, `H${height}`, ...`C${y4mColour(format)}`.split(" ")];
    const words = line.trimEnd().split(" ");
    if (words[0] !== "YUV4MPEG2" || !wanted.every((word) => words.includes(word))) {
      throw this.#wrong(`it should begin with YUV4MPEG2 and ${wanted.join(" ")}`);
    }
    this.offset = line.length + this.#skipped * (y4mFrameMark.length + this.#layout.size);
  }

  #wrong(problem: string): CommandError {
    return new CommandError("ERR_BAD_RECORDING", `"${this.#path}" is not the y4m that record wrote: ${problem}`);
  }
}
