/** `.mkv`: the frames' bytes go from the slot into a pipe, and ffmpeg makes lossless video of them. */
import type { Writable } from "node:stream";
import type { FrameLayout } from "../../base/types.ts";
import { CommandError } from "../failure.ts";
import type { FfmpegDialect } from "../ffmpeg-args.ts";
import { FfmpegRun } from "../ffmpeg-process.ts";
import { Output } from "../output.ts";
import { PlanarChroma } from "../planar-chroma.ts";
import { frameRate } from "../y4m.ts";
import { encodeArgs } from "./ffv1.ts";
import { type FrameStore, type FrameToStore, wholePicture } from "./frame-store.ts";
import { diskFull } from "./output-file.ts";

class EncoderRun extends FfmpegRun {
  readonly pictures: Writable;

  constructor(args: readonly string[]) {
    // In a group of its own: Ctrl-C must not end it before it has every frame. The end of the pipe ends it.
    super(args, { more: ["pipe"], detached: true, failureCode: "ERR_ENCODER" });
    this.pictures = this.child.stdio[3] as Writable;
  }
}

export class Ffv1Store implements FrameStore {
  readonly #path: string;
  readonly #run: EncoderRun;
  readonly #output: Output;
  readonly #chroma: PlanarChroma | undefined;
  readonly #broken = new AbortController();
  #closing = false;

  /** Replaces the file at `path`. */
  constructor(path: string, layout: FrameLayout, dialect: FfmpegDialect) {
    this.#path = path;
    const rate = frameRate(layout, 0n);
    this.#run = new EncoderRun(encodeArgs({ layout, rate, from: "pipe:3", to: `file:${path}` }, dialect));
    this.#output = new Output(this.#run.pictures, false);
    this.#chroma = PlanarChroma.of(layout);
    void this.#run.exited.then(() => {
      if (!this.#closing) this.#broken.abort();
    });
  }

  get broken(): AbortSignal {
    return this.#broken.signal;
  }

  get pid(): number | undefined {
    return this.#run.pid;
  }

  async write(frame: FrameToStore): Promise<void> {
    try {
      await this.#output.write(...this.#pieces(frame));
    } catch (error) {
      // A broken pipe is a consequence; what ffmpeg said is the reason.
      throw (await this.#failure()) ?? error;
    }
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#run.pictures.end();
    const failure = await this.#failure();
    if (failure) throw failure;
  }

  #pieces(frame: FrameToStore): Uint8Array[] {
    const { data, planes } = wholePicture(frame);
    const [first, second] = planes;
    // ffmpeg takes NV12 apart itself, exactly and faster; with P010 it does not.
    if (frame.layout.format !== "P010" || !this.#chroma || !first || !second) return [data];
    this.#chroma.split(second);
    return [first.data, this.#chroma.u, this.#chroma.v];
  }

  async #failure(): Promise<CommandError | undefined> {
    const exit = await this.#run.exited;
    const failure = this.#run.failure(exit) ?? (this.#broken.signal.aborted ? endedByItself() : undefined);
    return failure && /No space left on device|quota exceeded/i.test(failure.message)
      ? diskFull(this.#path, failure)
      : failure;
  }
}

function endedByItself(): CommandError {
  return new CommandError("ERR_ENCODER", "ffmpeg ended before the recording did");
}
