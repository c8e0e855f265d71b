/**
 * The frame number as a program reads it: 56 black or white squares in the picture's first rows.
 *
 *   bits  0..7   10100101, where the mark begins
 *   bits  8..39  frame number, 32 bits
 *   bits 40..55  CRC-16 (CCITT, start 0xFFFF) of the number's four bytes
 *
 * Most significant bit first, left to right, then the next row of squares; white is 1. The side of a square is the
 * largest of 16, 8, 4 and 2 pixels with which the mark takes at most a quarter of the height. The centre of a square is
 * read, so a mark lives through scaling of colours, lossy coding and any of the formats.
 */
import type { FormatName, FramePlane } from "../base/types.ts";
import { brightnessAt, type Colour, colour, isPaintable, type PixelPainter } from "./pixel-painter.ts";

const startPattern = 0xa5;
const bitCount = 8 + 32 + 16;
const squareSides = [16, 8, 4, 2] as const;
const black: Colour = colour(0, 0, 0);
const white: Colour = colour(255, 255, 255);
const threshold = 128;

/** How the mark lies in a picture of this size. undefined: the picture is too small for one. */
export interface MarkLayout {
  side: number;
  perRow: number;
  rows: number;
}

export function markLayout(width: number, height: number): MarkLayout | undefined {
  for (const side of squareSides) {
    const perRow = Math.min(bitCount, Math.floor(width / side));
    const rows = perRow === 0 ? Number.POSITIVE_INFINITY : Math.ceil(bitCount / perRow);
    if (rows * side <= height / 4) return { side, perRow, rows };
  }
  return undefined;
}

export function paintMark(
  painter: PixelPainter,
  planes: readonly FramePlane[],
  mark: MarkLayout,
  number: number,
): void {
  const bits = markBits(number);
  bits.forEach((bit, index) => {
    const x = (index % mark.perRow) * mark.side;
    const y = Math.floor(index / mark.perRow) * mark.side;
    painter.fill(planes, x, y, mark.side, mark.side, bit === 1 ? white : black);
  });
}

/** What a consumer has in hand. `ReadableFrame` fits. */
export interface MarkedFrame {
  format: FormatName;
  width: number;
  height: number;
  planes: readonly FramePlane[];
}

/** The number in a frame of the test pattern. undefined: there is no mark, or it does not agree with its checksum. */
export function readFrameMark(frame: MarkedFrame): number | undefined {
  const mark = markLayout(frame.width, frame.height);
  const format = frame.format;
  if (!mark || !isPaintable(format)) return undefined;
  const middle = mark.side / 2;
  const planes = frame.planes;
  const bits = Array.from({ length: bitCount }, (_, index) => {
    const x = (index % mark.perRow) * mark.side + middle;
    const y = Math.floor(index / mark.perRow) * mark.side + middle;
    return brightnessAt(format, planes, x, y) >= threshold ? 1 : 0;
  });
  const number = toNumber(bits.slice(8, 40));
  const agrees = toNumber(bits.slice(0, 8)) === startPattern && toNumber(bits.slice(40)) === crc16(number);
  return agrees ? number : undefined;
}

function markBits(number: number): number[] {
  return [...toBits(startPattern, 8), ...toBits(number, 32), ...toBits(crc16(number), 16)];
}

function toBits(value: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => (value >>> (count - 1 - index)) & 1);
}

function toNumber(bits: readonly number[]): number {
  return bits.reduce((value, bit) => ((value << 1) | bit) >>> 0, 0);
}

function crc16(number: number): number {
  let crc = 0xffff;
  for (const bit of toBits(number, 32)) {
    const carry = ((crc >>> 15) & 1) !== bit;
    crc = (crc << 1) & 0xffff;
    if (carry) crc ^= 0x1021;
  }
  return crc;
}
