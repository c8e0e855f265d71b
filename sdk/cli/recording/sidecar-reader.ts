/** Reads a recording's lines one by one. A last line without its end is what a cut recording has; it does not count. */
import type { Readable } from "node:stream";
import { CommandError } from "../failure.ts";
import { lineBytesMax, parseLine, type RecordedFrame, type RecordingEnd, type RecordingHeader } from "./sidecar.ts";

export class SidecarReader {
  /** Known after the last frame, and only when the recording was completed. */
  end: RecordingEnd | undefined;
  readonly #name: string;
  readonly #stream: Readable;
  readonly #lines: AsyncGenerator<string, void, undefined>;
  #lineNumber = 0;

  /** `name`: of the file, for messages. */
  constructor(name: string, stream: Readable) {
    this.#name = name;
    this.#stream = stream;
    this.#lines = splitLines(stream, (problem) => this.#wrong(problem));
  }

  /** Call it once, first. */
  async header(): Promise<RecordingHeader> {
    const line = await this.#next();
    if (line?.kind === "header") return line.header;
    throw this.#wrong(line ? "a recording begins with its header" : "nothing is in it");
  }

  /** undefined: there are no more. */
  async frame(): Promise<RecordedFrame | undefined> {
    if (this.end) return undefined;
    const line = await this.#next();
    if (line === undefined) return undefined;
    if (line.kind === "frame") return line.frame;
    if (line.kind === "header") throw this.#wrong("a second header");
    this.end = line.end;
    if (await this.#next()) throw this.#wrong("something follows the end");
    return undefined;
  }

  /** Idempotent. */
  close(): void {
    this.#stream.destroy();
  }

  async #next() {
    const { value, done } = await this.#lines.next();
    if (done) return undefined;
    this.#lineNumber += 1;
    try {
      return parseLine(value);
    } catch (error) {
      throw this.#wrong(error instanceof Error ? error.message : String(error));
    }
  }

  #wrong(problem: string): CommandError {
    const where = this.#lineNumber === 0 ? "" : `line ${this.#lineNumber} of `;
    return new CommandError("ERR_BAD_RECORDING", `${where}"${this.#name}" is not what record writes: ${problem}`);
  }
}

/** Whole lines only. */
async function* splitLines(stream: Readable, wrong: (problem: string) => Error): AsyncGenerator<string, void> {
  let rest = "";
  for await (const text of stream.setEncoding("utf8")) {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    if (rest.length > lineBytesMax) throw wrong(`a line of more than ${lineBytesMax} characters`);
    yield* parts;
  }
}
