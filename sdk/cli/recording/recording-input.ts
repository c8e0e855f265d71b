/** A recording as an input: what was posted once is posted again, with the same times and metadata. */
import type { FrameSpec } from "../../base/types.ts";
import { CommandError } from "../failure.ts";
import type { FrameInput, FrameTimes, FrameToFill } from "../frame-input.ts";
import { Timeline } from "../timeline.ts";
import { type PassOptions, RecordingPass } from "./recording-pass.ts";
import type { RecordedFrame, RecordingHeader } from "./sidecar.ts";

const nanoseconds = { num: 1, den: 1_000_000_000 };

export interface RecordingInputOptions extends PassOptions {
  /** Begin again at the end. */
  loop: boolean;
  /** 2 = twice as fast as it was. */
  speed: number;
}

export class RecordingInput implements FrameInput {
  readonly live = false;
  readonly #options: RecordingInputOptions;
  readonly #presented = new Timeline(nanoseconds);
  readonly #posted = new Timeline(nanoseconds);
  #firstPosted: bigint | undefined;
  #pass: RecordingPass | undefined;
  #closed = false;

  constructor(options: RecordingInputOptions) {
    this.#options = options;
  }

  async open(): Promise<FrameSpec> {
    return specOf((await this.#openPass()).header);
  }

  async read(frame: FrameToFill): Promise<FrameTimes | undefined> {
    while (!this.#closed) {
      const line = await this.#pass?.read(frame);
      if (line) return this.#times(line);
      if (this.#closed || !(await this.#another())) return undefined;
    }
    return undefined;
  }

  /** A sentence about a recording that was not completed; undefined for one that was. */
  get shortfall(): string | undefined {
    const cut = this.#pass?.cutShort;
    if (!cut) return undefined;
    const lost = cut.missing === 0 ? "" : `; ${cut.missing} more had not reached the file`;
    return `the recording was cut short; all whole frames of it were replayed${lost}`;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#pass?.close();
  }

  async #another(): Promise<boolean> {
    if (this.#pass?.frames === 0) {
      const { path, from } = this.#options;
      throw new CommandError("ERR_NO_FRAMES", `"${path}" has no frame${from > 1 ? ` ${from}` : ""} to begin with`);
    }
    if (!this.#options.loop) return false;
    await this.#pass?.close();
    await this.#openPass();
    this.#presented.nextLife(nanoseconds, 0n);
    this.#posted.nextLife(nanoseconds, 0n);
    return true;
  }

  async #openPass(): Promise<RecordingPass> {
    const pass = await RecordingPass.open(this.#options);
    this.#pass = pass;
    // close() may have come meanwhile and seen only the pass before.
    if (this.#closed) await pass.close();
    return pass;
  }

  #times(line: RecordedFrame): FrameTimes {
    const { duration, size, metadata } = line;
    const presented = this.#presented.place({ pts: line.pts ?? undefined, duration });
    const posted = this.#posted.place({ pts: line.posted, duration: 0n }).pts ?? 0n;
    this.#firstPosted ??= posted;
    const due = BigInt(Math.round(Number(posted - this.#firstPosted) / this.#options.speed));
    const age = line.posted > line.captured ? line.posted - line.captured : 0n;
    return { pts: presented.pts, duration, due, age, size, ...(metadata && { metadata }) };
  }
}

function specOf(header: RecordingHeader): FrameSpec {
  const { format, width, height, timeBase } = header;
  return { format, width, ...(format !== "bytes" && { height }), ...(timeBase && { timeBase }) };
}
