/** `--as`: what is written for each frame. The frame's lease lasts until write() resolves. */
import type { ReadableFrame } from "../base/types.ts";
import { CommandError } from "./failure.ts";
import { framemd5Header, framemd5Line } from "./framemd5.ts";
import type { Output } from "./output.ts";
import { Y4mPlanes, y4mFrameMark, y4mHeader } from "./y4m.ts";

export const writerNames = ["raw", "y4m", "framemd5", "null"] as const;
export type WriterName = (typeof writerNames)[number];

/** The part of a readable frame that is written. */
export type FrameToWrite = Pick<
  ReadableFrame,
  "data" | "planes" | "layout" | "layoutId" | "pts" | "duration" | "number" | "size"
>;

export interface FrameWriter {
  write(frame: FrameToWrite): Promise<void>;
}

export function makeWriter(name: WriterName, output: Output): FrameWriter {
  switch (name) {
    case "raw":
      return { write: (frame) => output.write(frame.data) };
    case "y4m":
      return new Y4mWriter(output);
    case "framemd5":
      return new Framemd5Writer(output);
    case "null":
      return { write: async () => undefined };
  }
}

class Y4mWriter implements FrameWriter {
  readonly #output: Output;
  readonly #planes = new Y4mPlanes();
  readonly #layout = new SteadyLayout("y4m");
  #begun = false;

  constructor(output: Output) {
    this.#output = output;
  }

  async write(frame: FrameToWrite): Promise<void> {
    Y4mPlanes.check(frame.layout);
    this.#layout.check(frame);
    const header = this.#begun ? "" : y4mHeader(frame.layout, frame.duration);
    this.#begun = true;
    await this.#output.write(header + y4mFrameMark, ...this.#planes.of(frame.layout, frame.planes));
  }
}

class Framemd5Writer implements FrameWriter {
  readonly #output: Output;
  readonly #layout = new SteadyLayout("framemd5");
  #begun = false;

  constructor(output: Output) {
    this.#output = output;
  }

  async write(frame: FrameToWrite): Promise<void> {
    this.#layout.check(frame);
    const header = this.#begun ? "" : framemd5Header(frame.layout);
    this.#begun = true;
    await this.#output.write(header + framemd5Line(frame));
  }
}

/** A header says once what all frames look like; a file cannot change its mind. */
class SteadyLayout {
  readonly #name: WriterName;
  #first: string | undefined;

  constructor(name: WriterName) {
    this.#name = name;
  }

  check(frame: FrameToWrite): void {
    const { format, width, height } = frame.layout;
    const layout = `${format} ${width}x${height}`;
    this.#first ??= layout;
    if (layout === this.#first) return;
    const change = `frame ${frame.number} is ${layout}, the file began as ${this.#first}`;
    throw new CommandError("ERR_BAD_MATCH", `${change}; ${this.#name} holds one size: begin a new file`);
  }
}
