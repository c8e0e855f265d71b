/** Reads the line per frame that ffmpeg's `framecrc` writes: `stream, dts, pts, duration, size, checksum`. */
import { readSync } from "node:fs";
import { type ConnectOpts, Socket, type SocketConstructorOpts } from "node:net";
import { CommandError, codeOf } from "./failure.ts";
import type { TimeBase } from "./ticks.ts";

export interface FrameTicks {
  /** undefined: ffmpeg does not know. */
  pts: bigint | undefined;
  duration: bigint;
}

/** What stands above the first line. */
export interface PtsHeader {
  timeBase: TimeBase;
  width: number;
  height: number;
}

/** Read at once, about 70 lines. ffmpeg runs ahead of the pictures by a few; the rest waits in the pipe. */
const chunkBytes = 4096;
/** A line has about 60 characters. */
const lineLengthMax = 1000;
const unknownTicks = -(2n ** 63n);

/** Turns the text into a header and lines; keeps what is not complete yet. Pure, so that any split can be tested. */
export class PtsParser {
  readonly lines: FrameTicks[] = [];
  header: PtsHeader | undefined;
  #rest = "";
  #timeBase: TimeBase | undefined;
  #size: { width: number; height: number } | undefined;

  push(text: string): void {
    const parts = (this.#rest + text).split("\n");
    this.#rest = parts.pop() ?? "";
    if (this.#rest.length > lineLengthMax) throw unreadable(this.#rest);
    for (const part of parts) this.#line(part);
  }

  #line(line: string): void {
    if (line.startsWith("#")) this.#headerLine(line);
    else if (line.trim() !== "") this.lines.push(parseLine(line));
    if (this.lines.length > 0) this.#completeHeader(line);
  }

  #headerLine(line: string): void {
    const base = /^#tb 0: (\d+)\/(\d+)$/.exec(line);
    if (base) this.#timeBase = { num: Number(base[1]), den: Number(base[2]) };
    const size = /^#dimensions 0: (\d+)x(\d+)$/.exec(line);
    if (size) this.#size = { width: Number(size[1]), height: Number(size[2]) };
  }

  #completeHeader(line: string): void {
    if (this.header) return;
    if (!this.#timeBase || !this.#size) throw unreadable(line);
    this.header = { timeBase: this.#timeBase, ...this.#size };
  }
}

function parseLine(line: string): FrameTicks {
  const match = /^0,\s*-?\d+,\s*(-?\d+),\s*(-?\d+),\s*\d+,\s*0x[0-9a-f]+/.exec(line);
  const pts = match?.[1];
  const duration = match?.[2];
  if (pts === undefined || duration === undefined) throw unreadable(line);
  const ticks = BigInt(pts);
  return { pts: ticks === unknownTicks ? undefined : ticks, duration: BigInt(duration) };
}

function unreadable(line: string): CommandError {
  return new CommandError("ERR_DECODER", `ffmpeg wrote frame times that cannot be read: "${line.slice(0, 100)}"`);
}

/**
 * The pipe around the parser. ffmpeg writes a frame's line before its picture, so whoever has read the picture finds
 * the line in the pipe: it is taken with one read, without a turn of the event loop. Only when it is not there yet, as
 * in releases that write both at a time, the event loop is asked to wait for it.
 */
export class PtsReader {
  readonly #fd: number;
  readonly #socket: Socket;
  readonly #chunk = Buffer.alloc(chunkBytes);
  readonly #parser = new PtsParser();
  #wakeWaiter: (() => void) | undefined;
  #ended = false;
  #error: Error | undefined;

  /** Takes over `fd`, the read end of a pipe that does not block. */
  constructor(fd: number) {
    this.#fd = fd;
    // The constructor takes `onread` too; the types know it only of connect().
    const options: SocketConstructorOpts & ConnectOpts = {
      fd,
      readable: true,
      writable: false,
      onread: { buffer: this.#chunk, callback: (byteCount) => this.#received(byteCount) },
    };
    this.#socket = new Socket(options);
    this.#socket.on("end", () => this.#finish(undefined));
    this.#socket.on("error", (error) => this.#finish(error));
    this.#socket.on("close", () => this.#finish(undefined));
  }

  /** Known as soon as the first frame is decoded. undefined: ffmpeg ended without a frame. */
  async header(): Promise<PtsHeader | undefined> {
    while (!this.#parser.header && !this.#ended) await this.#change();
    if (this.#error) throw this.#error;
    return this.#parser.header;
  }

  /** The times of the next frame, when they are there. undefined: next() knows why not. */
  take(): FrameTicks | undefined {
    if (this.#parser.lines.length === 0 && !this.#ended) this.#readNow();
    return this.#parser.lines.shift();
  }

  /** The times of the next frame. undefined: there are no more. One call at a time. */
  async next(): Promise<FrameTicks | undefined> {
    for (;;) {
      const line = this.take();
      if (line !== undefined) return line;
      if (this.#error) throw this.#error;
      if (this.#ended) return undefined;
      await this.#change();
    }
  }

  close(): void {
    this.#socket.destroy();
    this.#finish(undefined);
  }

  /** Reads what lies in the pipe. While nobody waits in next(), the socket does not read. */
  #readNow(): void {
    if (this.#socket.destroyed) return; // the descriptor may be somebody else's by now
    try {
      const byteCount = readSync(this.#fd, this.#chunk);
      if (byteCount === 0) this.#finish(undefined);
      else this.#received(byteCount);
    } catch (error) {
      if (codeOf(error) !== "EAGAIN") this.#finish(error as Error);
    }
  }

  #change(): Promise<void> {
    this.#socket.resume();
    return new Promise((resolve) => {
      this.#wakeWaiter = resolve;
    });
  }

  /** Returns false to stop reading: what comes after a line waits until it is asked for. */
  #received(byteCount: number): boolean {
    try {
      this.#parser.push(this.#chunk.toString("latin1", 0, byteCount));
    } catch (error) {
      this.#socket.destroy();
      this.#finish(error as Error);
      return false;
    }
    this.#wake();
    return this.#parser.lines.length === 0;
  }

  #finish(error: Error | undefined): void {
    this.#error ??= error;
    this.#ended = true;
    this.#wake();
  }

  #wake(): void {
    const wake = this.#wakeWaiter;
    this.#wakeWaiter = undefined;
    wake?.();
  }
}
