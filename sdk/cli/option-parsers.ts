/** Turns the words of a command line into values; every refusal says what was expected. */
import type { FormatName } from "../base/types.ts";
import { usageError } from "./failure.ts";
import type { TimeBase } from "./ticks.ts";

export interface Size {
  width: number;
  height: number;
}

/** Formats that the `source` command can make, with ffmpeg's names for them. */
export const ffmpegPixelFormats = {
  NV12: "nv12",
  I420: "yuv420p",
  P010: "p010le",
  YUY2: "yuyv422",
  RGB: "rgb24",
  BGR: "bgr24",
  RGBA: "rgba",
  BGRA: "bgra",
  GRAY8: "gray",
  GRAY16: "gray16le",
} as const satisfies Partial<Record<FormatName, string>>;

export type VideoFormat = keyof typeof ffmpegPixelFormats;

export function parseFormat(text: string): VideoFormat {
  const name = text.toUpperCase();
  if (name in ffmpegPixelFormats) return name as VideoFormat;
  throw usageError(`"${text}" is not a format; use one of ${Object.keys(ffmpegPixelFormats).join(", ")}`);
}

const largestSide = 16_384;

export function parseSize(text: string): Size {
  const match = /^([1-9]\d{0,4})x([1-9]\d{0,4})$/i.exec(text);
  const width = Number(match?.[1]);
  const height = Number(match?.[2]);
  if (!match || width > largestSide || height > largestSide) {
    throw usageError(`"${text}" is not a size; write it like 1280x720, each side 1 to ${largestSide}`);
  }
  return { width, height };
}

/** Frames per second as a fraction: `30`, `29.97`, `30000/1001`. */
export function parseRate(text: string): { num: number; den: number } {
  const fraction = /^([1-9]\d{0,6})\/([1-9]\d{0,6})$/.exec(text);
  if (fraction) return { num: Number(fraction[1]), den: Number(fraction[2]) };
  const decimal = /^(\d{1,4})(?:\.(\d{1,3}))?$/.exec(text);
  const rate = decimal ? Number(text) : 0;
  if (rate <= 0) throw usageError(`"${text}" is not a frame rate; write 30, 29.97 or 30000/1001`);
  const den = 10 ** (decimal?.[2]?.length ?? 0);
  return { num: Math.round(rate * den), den };
}

export function frameTimeBase(rate: { num: number; den: number }): TimeBase {
  return { num: rate.den, den: rate.num };
}

/** A parser for whole numbers within limits, for commander. */
export function wholeNumber(what: string, least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw usageError(`${what} must be a whole number from ${least} to ${most}, not "${text}"`);
  };
}

/** A parser for seconds, fractions allowed. */
export function seconds(what: string): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}(\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN;
    if (value >= 0) return value;
    throw usageError(`${what} must be seconds, 0 or more, not "${text}"`);
  };
}

/** A parser for numbers above 0, fractions allowed. */
export function positiveNumber(what: string, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}(\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN;
    if (value > 0 && value <= most) return value;
    throw usageError(`${what} must be a number above 0 and at most ${most}, not "${text}"`);
  };
}

/** A parser for one word out of a list. */
export function oneOf<Word extends string>(what: string, words: readonly Word[]): (text: string) => Word {
  return (text) => {
    const found = words.find((word) => word === text);
    if (found !== undefined) return found;
    throw usageError(`${what} must be one of ${words.join(", ")}, not "${text}"`);
  };
}

/** Permission bits, in octal as chmod takes them. */
export function parseSocketMode(text: string): number {
  if (/^0?[0-7]{3}$/.test(text)) return Number.parseInt(text, 8);
  throw usageError(`--socket-mode must be octal permission bits such as 0660, not "${text}"`);
}
