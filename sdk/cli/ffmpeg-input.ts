/** A file, a camera address or a capture device, decoded by ffmpeg; started again when it loops or breaks. */
import { setTimeout as delay } from "node:timers/promises";
import type { FrameSpec } from "../base/types.ts";
import { Decoder } from "./decoder.ts";
import { CommandError } from "./failure.ts";
import { type DecodeRequest, type FfmpegDialect, isLive } from "./ffmpeg-args.ts";
import { findFfmpeg, type PipeMaker } from "./ffmpeg-process.ts";
import type { FrameChange, FrameInput, FrameTimes, FrameToFill } from "./frame-input.ts";
import type { FrameTicks, PtsHeader } from "./pts-reader.ts";
import { ticksToNs } from "./ticks.ts";
import { Timeline } from "./timeline.ts";

const backoffFirstMs = 500;
const backoffLastMs = 10_000;

export interface FfmpegInputOptions {
  pipes: PipeMaker;
  request: DecodeRequest;
  /** Begin again at the end of a file. */
  loop: boolean;
  /** A live input broke; it is started again after `waitMs`. */
  onBroken?: (reason: string, waitMs: number) => void;
}

export class FfmpegInput implements FrameInput {
  readonly live: boolean;
  readonly #options: FfmpegInputOptions;
  readonly #closing = new AbortController();
  readonly #request: DecodeRequest;
  /** What this life's pictures are like. */
  #frame: FrameSpec | undefined;
  #dialect: FfmpegDialect | undefined;
  #decoder: Decoder | undefined;
  #timeline: Timeline | undefined;
  #framesOfLife = 0;
  #lastFrameAt = 0n;
  #backoffMs = backoffFirstMs;

  constructor(options: FfmpegInputOptions) {
    this.#options = options;
    this.#request = options.request;
    this.live = isLive(options.request.kind);
  }

  async open(): Promise<FrameSpec> {
    this.#dialect = await findFfmpeg();
    const header = await this.#startLife();
    if (!header) throw new CommandError("ERR_NO_FRAMES", `"${this.#request.input}" holds no video frames`);
    this.#timeline = new Timeline(header.timeBase);
    this.#frame = this.#frameOf(header);
    return this.#frame;
  }

  /** Within one life ffmpeg scales all pictures to the first one's size; another life may have another size. */
  async read(frame: FrameToFill): Promise<FrameTimes | FrameChange | undefined> {
    while (!this.#closing.signal.aborted) {
      const { width, height } = frame.layout;
      const next = this.#frame;
      if (next !== undefined && (next.width !== width || next.height !== height)) return { frame: next };
      try {
        const ticks = await this.#decoder?.read(frame.data);
        if (ticks) return this.#times(ticks);
        // A camera has no end: one that stops sending is as broken as one that fails.
        if (this.live) await this.#waitAfter(new Error("the input ended"));
      } catch (error) {
        if (!this.live) throw error;
        await this.#waitAfter(error);
      }
      if (this.#closing.signal.aborted || !(await this.#another())) return undefined;
    }
    return undefined;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#decoder?.close();
  }

  /** Starts the next life when there is to be one. */
  async #another(): Promise<boolean> {
    if (!this.live && !this.#options.loop) return false;
    if (!this.live && this.#framesOfLife === 0) {
      throw new CommandError("ERR_NO_FRAMES", `"${this.#request.input}" gave no frames when it began again`);
    }
    while (!this.#closing.signal.aborted) {
      try {
        const header = await this.#startLife();
        if (header) {
          const sinceLast = this.live ? process.hrtime.bigint() - this.#lastFrameAt : 0n;
          this.#timeline?.nextLife(header.timeBase, sinceLast);
          this.#frame = this.#frameOf(header);
          return true;
        }
        if (!this.live) return true;
        await this.#waitAfter(new Error("it ended without a frame"));
      } catch (error) {
        if (!this.live) throw error;
        await this.#waitAfter(error);
      }
    }
    return false;
  }

  /** Times go on in the first life's clock. */
  #frameOf(header: PtsHeader): FrameSpec {
    const { width, height } = this.#request.size ?? header;
    return { format: this.#request.format, width, height, timeBase: this.#timeline?.timeBase ?? header.timeBase };
  }

  async #startLife(): Promise<PtsHeader | undefined> {
    await this.#decoder?.close();
    if (this.#closing.signal.aborted || !this.#dialect) return undefined;
    this.#framesOfLife = 0;
    this.#decoder = new Decoder(this.#options.pipes, this.#request, this.#dialect);
    return this.#decoder.header();
  }

  async #waitAfter(error: unknown): Promise<void> {
    if (this.#closing.signal.aborted) return;
    const reason = error instanceof Error ? error.message : String(error);
    this.#options.onBroken?.(reason, this.#backoffMs);
    await delay(this.#backoffMs, undefined, { signal: this.#closing.signal }).catch(() => undefined);
    this.#backoffMs = Math.min(this.#backoffMs * 2, backoffLastMs);
  }

  #times(ticks: FrameTicks): FrameTimes {
    this.#framesOfLife += 1;
    this.#backoffMs = backoffFirstMs;
    if (this.live) this.#lastFrameAt = process.hrtime.bigint();
    const timeline = this.#timeline;
    if (!timeline) return { pts: undefined, duration: 0n };
    const placed = timeline.place(ticks);
    return {
      pts: placed.pts === undefined ? undefined : ticksToNs(placed.pts, timeline.timeBase),
      duration: ticksToNs(placed.duration, timeline.timeBase),
    };
  }
}
