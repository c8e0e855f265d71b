/** Reads `.mkv` back: ffmpeg decodes, and what it writes into a pipe is read into the slot. */
import type { FrameLayout } from "../../base/types.ts";
import type { FfmpegDialect } from "../ffmpeg-args.ts";
import { FfmpegRun, type PipeMaker } from "../ffmpeg-process.ts";
import type { FrameToFill } from "../frame-input.ts";
import { FrameReader } from "../frame-reader.ts";
import { PlanarChroma } from "../planar-chroma.ts";
import { decodeArgs } from "./ffv1.ts";
import type { StoredFrames } from "./frame-store.ts";

const pipeBytes = 1 << 20;

export class Ffv1Frames implements StoredFrames {
  readonly #path: string;
  readonly #layout: FrameLayout;
  readonly #dialect: FfmpegDialect;
  readonly #pipes: PipeMaker;
  readonly #chroma: PlanarChroma | undefined;
  #skipped = 0;
  #run: FfmpegRun | undefined;
  #pictures: FrameReader | undefined;
  #closed = false;

  constructor(path: string, layout: FrameLayout, dialect: FfmpegDialect, pipes: PipeMaker) {
    this.#path = path;
    this.#layout = layout;
    this.#dialect = dialect;
    this.#pipes = pipes;
    this.#chroma = layout.format === "P010" ? PlanarChroma.of(layout) : undefined;
  }

  skip(): void {
    this.#skipped += 1;
  }

  async read(frame: FrameToFill): Promise<boolean> {
    if (this.#closed) return false;
    const pictures = this.#start();
    const [first, second] = frame.planes;
    try {
      const chroma = this.#chroma;
      const whole = !chroma || !first;
      if (await (whole ? pictures.fill(frame.data) : pictures.fillPieces([first.data, chroma.u, chroma.v]))) {
        if (chroma && second) chroma.join(second);
        return true;
      }
    } catch (error) {
      // A cut picture is a consequence; what ffmpeg said is the reason.
      await this.#throwFailure();
      throw error;
    }
    await this.#throwFailure();
    return false;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const gone = this.#run?.stop();
    this.#pictures?.close();
    await gone;
  }

  #start(): FrameReader {
    if (this.#pictures) return this.#pictures;
    const [readEnd, writeEnd] = this.#pipes.createPipe(pipeBytes);
    const args = decodeArgs(this.#layout, `file:${this.#path}`, "pipe:3", this.#skipped, this.#dialect);
    this.#run = new FfmpegRun(args, { more: [writeEnd], detached: true, failureCode: "ERR_DECODER" });
    this.#pipes.closeFd(writeEnd);
    this.#pictures = new FrameReader(readEnd, this.#layout.size);
    return this.#pictures;
  }

  async #throwFailure(): Promise<void> {
    const run = this.#run;
    const failure = run?.failure(await run.exited);
    if (failure) throw failure;
  }
}
