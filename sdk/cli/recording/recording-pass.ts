/** One pass through a recording, from its first frame to its last: lines and pixels in step, each frame checked. */
import { createReadStream, existsSync } from "node:fs";
import type { FrameLayout } from "../../base/types.ts";
import { CommandError } from "../failure.ts";
import type { FfmpegDialect } from "../ffmpeg-args.ts";
import { findFfmpeg, type PipeMaker } from "../ffmpeg-process.ts";
import type { FrameToFill } from "../frame-input.ts";
import { containerOf, sidecarPath } from "./containers.ts";
import { Ffv1Frames } from "./ffv1-frames.ts";
import type { StoredFrames } from "./frame-store.ts";
import { AttachedSidecar } from "./one-file.ts";
import { RawFrames, Y4mFrames } from "./plain-frames.ts";
import { checksum, type RecordedFrame, type RecordingHeader } from "./sidecar.ts";
import { SidecarReader } from "./sidecar-reader.ts";

export interface PassOptions {
  path: string;
  /** Begin with this frame of the file; the first is 1. */
  from: number;
  /** Compare each frame with its checksum. */
  verify: boolean;
  pipes: PipeMaker;
}

interface Opened {
  sidecar: SidecarReader;
  /** The ffmpeg that reads a sidecar out of the video. */
  attached: AttachedSidecar | undefined;
  dialect: FfmpegDialect | undefined;
}

export class RecordingPass {
  readonly header: RecordingHeader;
  /** Read so far. */
  frames = 0;
  /** Set at the end of a recording that was not completed: frames that were described but are not there. */
  cutShort: { missing: number } | undefined;
  readonly #options: PassOptions;
  readonly #sidecar: SidecarReader;
  readonly #attached: AttachedSidecar | undefined;
  readonly #dialect: FfmpegDialect | undefined;
  #pixels: StoredFrames | undefined;
  #closed = false;

  static async open(options: PassOptions): Promise<RecordingPass> {
    const { path } = options;
    const container = containerOf(path);
    if (!existsSync(path)) throw new CommandError("ERR_NOT_FOUND", `there is no file "${path}"; check the path`);
    const beside = sidecarPath(path);
    const dialect = container === "mkv" ? await findFfmpeg() : undefined;
    const attached = dialect && !existsSync(beside) ? await openAttached(path) : undefined;
    if (!attached && !existsSync(beside)) throw noSidecar(path);
    const sidecar = new SidecarReader(attached ? path : beside, attached?.stream ?? createReadStream(beside));
    try {
      const header = await sidecar.header();
      if (header.container === container) return new RecordingPass(options, header, { sidecar, attached, dialect });
      throw new CommandError("ERR_BAD_RECORDING", `"${path}" was recorded as .${header.container}; name it so`);
    } catch (error) {
      sidecar.close();
      throw error;
    }
  }

  private constructor(options: PassOptions, header: RecordingHeader, opened: Opened) {
    this.#options = options;
    this.header = header;
    this.#sidecar = opened.sidecar;
    this.#attached = opened.attached;
    this.#dialect = opened.dialect;
  }

  /** Fills the slot. undefined: the recording is over, or was closed. */
  async read(frame: FrameToFill): Promise<RecordedFrame | undefined> {
    const pixels = this.#pixels ?? (await this.#openPixels(frame.layout));
    const line = await this.#nextLine();
    if (!line) {
      if (!this.#closed && !this.#sidecar.end) this.cutShort ??= { missing: 0 };
      return undefined;
    }
    if (line.size > this.header.frameBytes) throw this.#wrong(`frame ${line.number} has ${line.size} bytes`);
    if (!(await this.#readPixels(pixels, frame, line))) return undefined;
    this.frames += 1;
    if (this.#options.verify) this.#verify(line, frame.data.subarray(0, line.size));
    return line;
  }

  /** Ends a pending read. Idempotent; resolves when nothing is left behind. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#sidecar.close();
    await Promise.all([this.#pixels?.close(), this.#attached?.stop()]);
  }

  async #nextLine(): Promise<RecordedFrame | undefined> {
    try {
      return this.#closed ? undefined : await this.#sidecar.frame();
    } catch (error) {
      if (this.#closed) return undefined;
      throw error;
    }
  }

  async #openPixels(layout: FrameLayout): Promise<StoredFrames> {
    if (layout.size !== this.header.frameBytes) {
      throw this.#wrong(`a frame of this format has ${layout.size} bytes, not ${this.header.frameBytes}`);
    }
    const pixels = await this.#storedFrames(layout);
    this.#pixels = pixels;
    // close() may have come meanwhile and seen none.
    if (this.#closed) await pixels.close();
    for (let passed = 1; passed < this.#options.from; passed += 1) {
      const line = await this.#nextLine();
      if (!line) break;
      pixels.skip(line.size);
    }
    return pixels;
  }

  async #storedFrames(layout: FrameLayout): Promise<StoredFrames> {
    const { path, pipes } = this.#options;
    switch (this.header.container) {
      case "raw":
        return RawFrames.open(path);
      case "y4m":
        return Y4mFrames.open(path, layout);
      case "mkv":
        if (!this.#dialect) throw new Error("mkv needs ffmpeg's dialect");
        return new Ffv1Frames(path, layout, this.#dialect, pipes);
    }
  }

  async #readPixels(pixels: StoredFrames, frame: FrameToFill, line: RecordedFrame): Promise<boolean> {
    let failure: unknown;
    try {
      if (await pixels.read(frame, line.size)) return true;
    } catch (error) {
      failure = error;
    }
    if (this.#closed) return false;
    // A recording that was cut short may end in the middle of anything. One that was completed may not.
    let missing = 1;
    while (await this.#nextLine()) missing += 1;
    if (!this.#sidecar.end) {
      this.cutShort = { missing };
      return false;
    }
    const { path } = this.#options;
    throw failure ?? new CommandError("ERR_TRUNCATED", `"${path}" lacks the last ${missing} of its frames`);
  }

  #verify(line: RecordedFrame, data: Uint8Array): void {
    const found = checksum(data);
    if (found === line.crc32) return;
    const which = `frame ${this.frames + this.#options.from - 1} of "${this.#options.path}" (number ${line.number})`;
    const how = `its checksum is ${found}, recorded was ${line.crc32}`;
    throw new CommandError("ERR_CHECKSUM", `${which} is damaged: ${how}; --no-verify replays it nevertheless`);
  }

  #wrong(problem: string): CommandError {
    return new CommandError("ERR_BAD_RECORDING", `"${this.#options.path}" and its header do not agree: ${problem}`);
  }
}

async function openAttached(path: string): Promise<AttachedSidecar | undefined> {
  const attached = new AttachedSidecar(path);
  // What was found waits in the pipe; an end without a byte means that there is none.
  const { stream } = attached;
  await new Promise<void>((resolve) => {
    stream.once("readable", resolve);
    stream.once("close", resolve);
  });
  if (stream.readableLength > 0) return attached;
  const failure = attached.failure(await attached.exited);
  if (failure) throw failure;
  return undefined;
}

function noSidecar(path: string): CommandError {
  const message = `"${sidecarPath(path)}" is not there; a video that edgestream did not record is streamed with source`;
  return new CommandError("ERR_NOT_FOUND", message);
}
