/** One life of ffmpeg: pictures and their times, paired. */

import { CommandError } from "./failure.ts";
import { buildFfmpegArgs, type DecodeRequest, type FfmpegDialect } from "./ffmpeg-args.ts";
import { FfmpegProcess, type PipeMaker } from "./ffmpeg-process.ts";
import { FrameReader } from "./frame-reader.ts";
import { type FrameTicks, type PtsHeader, PtsReader } from "./pts-reader.ts";

export class Decoder {
  readonly #process: FfmpegProcess;
  readonly #times: PtsReader;
  #pictures: FrameReader | undefined;
  readonly #pipes: PipeMaker;
  #frameCount = 0;
  #closed = false;

  constructor(pipes: PipeMaker, request: DecodeRequest, dialect: FfmpegDialect) {
    this.#pipes = pipes;
    this.#process = new FfmpegProcess(pipes, buildFfmpegArgs(request, dialect));
    this.#times = new PtsReader(this.#process.timesFd);
  }

  /** Waits for the first decoded frame. undefined: ffmpeg ended well without one. */
  async header(): Promise<PtsHeader | undefined> {
    const header = await this.#times.header();
    if (!header) await this.#throwFailure();
    return header;
  }

  /** Fills `data` with the next picture. undefined: the input ended well. Throws with ffmpeg's words when it failed. */
  async read(data: Uint8Array): Promise<FrameTicks | undefined> {
    if (this.#closed) return undefined;
    this.#pictures ??= new FrameReader(this.#process.picturesFd, data.length);
    let filled: boolean;
    try {
      filled = await this.#pictures.fill(data);
    } catch (error) {
      // A cut picture is a consequence; what ffmpeg said is the reason.
      await this.#throwFailure();
      throw error;
    }
    const ticks = this.#times.take() ?? (await this.#times.next());
    if (filled && ticks) {
      this.#frameCount += 1;
      return ticks;
    }
    await this.#throwFailure();
    if (filled || ticks) {
      const more = filled ? "pictures than times" : "times than pictures";
      throw new CommandError("ERR_DECODER", `ffmpeg gave more ${more} after frame ${this.#frameCount}`);
    }
    return undefined;
  }

  /** Resolves when ffmpeg is gone and both pipes are closed. */
  async close(): Promise<void> {
    const gone = this.#process.stop();
    if (!this.#closed) {
      this.#closed = true;
      this.#times.close();
      if (this.#pictures) this.#pictures.close();
      else this.#pipes.closeFd(this.#process.picturesFd);
    }
    await gone;
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  async #throwFailure(): Promise<void> {
    const failure = this.#process.failure(await this.#process.exited);
    if (failure) throw failure;
  }
}
