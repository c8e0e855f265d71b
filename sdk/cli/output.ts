/** Where `pull` writes: a file, or stdout whatever it is; every write is waited for. */

import { once } from "node:events";
import { createWriteStream, fstatSync } from "node:fs";
import type { Writable } from "node:stream";
import { usageError } from "./failure.ts";

/** An output that counts, and that knows when its reader went away. */
export class Output {
  readonly stream: Writable;
  /** Bytes that the operating system took. */
  bytes = 0n;
  #error: Error | undefined;
  readonly #isStdout: boolean;

  constructor(stream: Writable, isStdout: boolean) {
    this.stream = stream;
    this.#isStdout = isStdout;
    // A failed write also comes back from write(); unheard, the event would end the process.
    stream.on("error", (error) => {
      this.#error ??= error;
    });
  }

  /** Resolves when the last of the pieces is written; until then all of them must stay as they are. */
  async write(...pieces: readonly (Uint8Array | string)[]): Promise<void> {
    if (this.#error) throw this.#error;
    // Corked, the pieces go to a pipe in one system call.
    this.stream.cork();
    const written = pieces.map((piece) => this.#writeOne(piece));
    this.stream.uncork();
    await Promise.all(written);
  }

  /** Flushes and closes; stdout stays open for whoever else has it. */
  async end(): Promise<void> {
    if (this.#error) throw this.#error;
    if (this.#isStdout) return;
    this.stream.end();
    await once(this.stream, "close");
    if (this.#error) throw this.#error;
  }

  #writeOne(piece: Uint8Array | string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.stream.write(piece, (error) => {
        if (error) reject(error);
        else {
          this.bytes += BigInt(piece.length);
          resolve();
        }
      });
    });
  }
}

/** Opens `path`, or stdout for `-`. `binary`: pictures, which nobody wants on a terminal. */
export async function openOutput(path: string, binary: boolean): Promise<Output> {
  if (path !== "-") {
    const file = createWriteStream(path);
    await once(file, "open");
    return new Output(file, false);
  }
  if (binary && process.stdout.isTTY) {
    throw usageError("pictures would go to the terminal; pipe them (| ffplay -) or give --out <file>");
  }
  // Node writes to a redirected stdout with single calls that may be cut short; a file stream writes all of it.
  if (fstatSync(1).isFile()) return new Output(createWriteStream("", { fd: 1, autoClose: false }), true);
  return new Output(process.stdout, true);
}

/** The reader closed its end: `head`, a player's window. It has what it wanted. */
export function isReaderGone(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "EPIPE" || error.code === "ERR_STREAM_DESTROYED");
}
