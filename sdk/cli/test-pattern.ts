/** The `test:` input: colour bars that move, and the frame number twice, for people and for programs. */
import type { FrameSpec } from "../base/types.ts";
import { digitHeight, digitWidth, drawNumber } from "./digits.ts";
import { usageError } from "./failure.ts";
import type { FrameInput, FrameTimes, FrameToFill } from "./frame-input.ts";
import { frameTimeBase, type Size, type VideoFormat } from "./option-parsers.ts";
import { type MarkLayout, markLayout, paintMark } from "./pattern-mark.ts";
import { colour, PixelPainter } from "./pixel-painter.ts";
import { ticksToNs } from "./ticks.ts";

/** 75 % bars, as a television shows them. */
const barColours = [
  colour(191, 191, 191),
  colour(191, 191, 0),
  colour(0, 191, 191),
  colour(0, 191, 0),
  colour(191, 0, 191),
  colour(191, 0, 0),
  colour(0, 0, 191),
  colour(40, 40, 40),
];
const ink = colour(255, 255, 255);
const paper = colour(0, 0, 0);
const digitCount = 6;
/** Even, so that chroma moves by whole samples. */
const pixelsPerFrame = 4;

/** Draws frame after frame; the same number always gives the same bytes, so a test can draw what it expects. */
export class TestPattern {
  readonly #painter: PixelPainter;
  readonly #size: Size;
  readonly #mark: MarkLayout;
  readonly #rows: ReturnType<PixelPainter["bars"]>;
  readonly #period: number;

  constructor(format: VideoFormat, size: Size) {
    const mark = markLayout(size.width, size.height);
    if (!mark) throw usageError(`the test pattern needs about 64x32 pixels, not ${size.width}x${size.height}`);
    this.#mark = mark;
    this.#size = size;
    this.#painter = new PixelPainter(format, size.width, size.height);
    const barWidth = Math.max(2, 2 * Math.floor(size.width / barColours.length / 2));
    this.#period = barWidth * barColours.length;
    this.#rows = this.#painter.bars(barColours, barWidth);
  }

  draw(frame: Pick<FrameToFill, "planes">, number: number): void {
    const planes = frame.planes;
    this.#painter.scroll(planes, this.#rows, (number * pixelsPerFrame) % this.#period);
    this.#drawLine(planes, number);
    this.#drawDigits(planes, number);
    paintMark(this.#painter, planes, this.#mark, number);
  }

  /** A white line that falls through the picture shows a torn frame at a glance. */
  #drawLine(planes: FrameToFill["planes"], number: number): void {
    const places = Math.max(1, Math.floor(this.#size.height / 2));
    this.#painter.fill(planes, 0, ((number * 2) % places) * 2, this.#size.width, 2, ink);
  }

  #drawDigits(planes: FrameToFill["planes"], number: number): void {
    const text = String(number).padStart(digitCount, "0");
    const columns = text.length * (digitWidth + 1) + 1;
    const rows = digitHeight + 2;
    const { width, height } = this.#size;
    // Even, so that digits have clean edges; a very small picture goes without.
    const cell = 2 * Math.floor(Math.min(width / columns, height / rows / 3) / 2);
    if (cell === 0) return;
    const left = 2 * Math.floor((width - columns * cell) / 4);
    const top = 2 * Math.floor((height - rows * cell) / 4);
    this.#painter.fill(planes, left, top, columns * cell, rows * cell, paper);
    drawNumber(text, (column, row) => {
      this.#painter.fill(planes, left + (column + 1) * cell, top + (row + 1) * cell, cell, cell, ink);
    });
  }
}

export interface TestInputOptions {
  format: VideoFormat;
  size: Size;
  rate: { num: number; den: number };
}

/** The pattern as an input; frames are numbered from 1. It has no end: the caller counts. */
export class TestInput implements FrameInput {
  readonly live = false;
  readonly #options: TestInputOptions;
  #pattern: TestPattern | undefined;
  #number = 0;
  #closed = false;

  constructor(options: TestInputOptions) {
    this.#options = options;
  }

  async open(): Promise<FrameSpec> {
    const { format, size, rate } = this.#options;
    this.#pattern = new TestPattern(format, size);
    return { format, ...size, timeBase: frameTimeBase(rate) };
  }

  async read(frame: FrameToFill): Promise<FrameTimes | undefined> {
    if (this.#closed) return undefined;
    this.#number += 1;
    this.#pattern?.draw(frame, this.#number);
    const base = frameTimeBase(this.#options.rate);
    const pts = ticksToNs(BigInt(this.#number - 1), base);
    return { pts, duration: ticksToNs(BigInt(this.#number), base) - pts };
  }

  async close(): Promise<void> {
    this.#closed = true;
  }
}
