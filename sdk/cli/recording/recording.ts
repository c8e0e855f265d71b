/** A recording that is being written: the pixels in one file, a line per frame in another, in step. */
import { statSync } from "node:fs";
import { rm } from "node:fs/promises";
import type { FrameLayout } from "../../base/types.ts";
import { CommandError } from "../failure.ts";
import type { FfmpegDialect } from "../ffmpeg-args.ts";
import type { Output } from "../output.ts";
import { packageVersion } from "../package-version.ts";
import { type ContainerName, checkHolds, sidecarPath } from "./containers.ts";
import { Ffv1Store } from "./ffv1-store.ts";
import type { FrameStore, FrameToStore } from "./frame-store.ts";
import { checkLossless } from "./lossless-check.ts";
import { createOutputFile, writeFailure } from "./output-file.ts";
import { RawStore, Y4mStore } from "./plain-store.ts";
import { describeFrame, type FrameToDescribe, lineOf, makeHeader } from "./sidecar.ts";

export interface RecordingTarget {
  path: string;
  container: ContainerName;
  /** Replace what is there. */
  force: boolean;
  /** Of the stream. */
  name: string;
  /** Of the ffmpeg that writes mkv. */
  dialect: FfmpegDialect | undefined;
}

export type FrameToRecord = FrameToStore & FrameToDescribe;

export class Recording {
  frames = 0n;
  skipped = 0n;
  readonly #target: RecordingTarget;
  readonly #layout: FrameLayout;
  readonly #store: FrameStore;
  readonly #sidecar: Output;
  #finishing: Promise<void> | undefined;

  static async create(target: RecordingTarget, layout: FrameLayout): Promise<Recording> {
    const { path, container, force, name, dialect } = target;
    checkHolds(container, layout.format, name);
    if (container === "mkv" && dialect) await checkLossless(layout, dialect);
    const { pixels, sidecar } = await createBoth(path, force);
    const store = await openStore(target, layout, pixels);
    const recording = new Recording(target, layout, store, sidecar);
    await recording.#line(lineOf(makeHeader({ version: packageVersion(), stream: name, container, layout })));
    return recording;
  }

  private constructor(target: RecordingTarget, layout: FrameLayout, store: FrameStore, sidecar: Output) {
    this.#target = target;
    this.#layout = layout;
    this.#store = store;
    this.#sidecar = sidecar;
  }

  /** Fires when nothing can be written any more; the next call says why. */
  get broken(): AbortSignal {
    return this.#store.broken;
  }

  /** Bytes of both files by now. */
  get bytes(): number {
    const size = (path: string) => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    return size(this.#target.path) + size(sidecarPath(this.#target.path));
  }

  /**
   * The frame's lease must last until this resolves. Then its pixels are on their way and its line is with the
   * operating system: both outlive this process.
   */
  async write(frame: FrameToRecord): Promise<void> {
    this.#checkLayout(frame.layout);
    const stored = this.#store.write(frame);
    // The checksum is made while the operating system takes the bytes.
    const line = lineOf(describeFrame(frame));
    await stored;
    await this.#line(line);
    this.frames += 1n;
    this.skipped += frame.skipped;
  }

  /** Completes both files. `why` it ended is the last line, which only a completed recording has. Idempotent. */
  finish(why: string): Promise<void> {
    this.#finishing ??= this.#finish(why);
    return this.#finishing;
  }

  async #finish(why: string): Promise<void> {
    try {
      await this.#store.close();
      const { frames, skipped } = this;
      await this.#line(lineOf({ end: why, frames, skipped, at: new Date().toISOString() }));
    } finally {
      await this.#endSidecar();
    }
  }

  /** Not one frame came: nothing stays. */
  async discard(): Promise<void> {
    // What fails now fails in files that go.
    await this.finish("discarded").catch(() => undefined);
    const { path } = this.#target;
    await Promise.all([path, sidecarPath(path)].map((each) => rm(each, { force: true })));
  }

  async #line(line: string): Promise<void> {
    try {
      await this.#sidecar.write(line);
    } catch (error) {
      throw writeFailure(sidecarPath(this.#target.path), error);
    }
  }

  async #endSidecar(): Promise<void> {
    try {
      await this.#sidecar.end();
    } catch (error) {
      throw writeFailure(sidecarPath(this.#target.path), error);
    }
  }

  #checkLayout(layout: FrameLayout): void {
    const text = ({ format, width, height }: FrameLayout) => `${format} ${width}x${height}`;
    if (layout === this.#layout || text(layout) === text(this.#layout)) return;
    const change = `the stream changed from ${text(this.#layout)} to ${text(layout)}`;
    throw new CommandError("ERR_BAD_MATCH", `${change}; a recording holds one format: begin a new file`);
  }
}

/** Both or none: the sidecar comes first, so that of two recordings with one name only one begins. */
async function createBoth(path: string, force: boolean): Promise<{ pixels: Output; sidecar: Output }> {
  const sidecar = await createOutputFile(sidecarPath(path), force);
  try {
    return { sidecar, pixels: await createOutputFile(path, force) };
  } catch (error) {
    await sidecar.end();
    await rm(sidecarPath(path), { force: true });
    throw error;
  }
}

async function openStore(target: RecordingTarget, layout: FrameLayout, pixels: Output): Promise<FrameStore> {
  const { path, container, dialect } = target;
  if (container === "raw") return new RawStore(pixels, path);
  if (container === "y4m") return new Y4mStore(pixels, path, layout);
  // ffmpeg writes the file itself; until here it was only made sure that it is ours to write.
  await pixels.end();
  if (!dialect) throw new Error("mkv needs ffmpeg's dialect");
  return new Ffv1Store(path, layout, dialect);
}
