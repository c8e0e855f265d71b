/** The real commands for tests of recordings, and what their files say. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Child, type SpawnOptions } from "../programs/child.ts";

const cli = fileURLToPath(new URL("../../dist/sdk/cli/main.js", import.meta.url));

/** A frame's line as it stands in the file. */
export interface FrameRow {
  number: number;
  skipped: number;
  pts: number | string | null;
  duration: number;
  epoch: string;
  captured: number;
  posted: number;
  size: number;
  crc32: string;
  metadata?: string;
}

export class Workplace {
  readonly folder = mkdtempSync(join(tmpdir(), "es-"));
  readonly runtimeDir = join(this.folder, "run");

  constructor() {
    mkdirSync(this.runtimeDir);
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  edgestream(args: readonly string[], options: Pick<SpawnOptions, "wrapper" | "env"> = {}): Child {
    const { wrapper = [], env } = options;
    const command = [...wrapper, process.execPath, cli, ...args];
    return new Child(command[0] as string, command.slice(1), {
      env: { EDGESTREAM_RUNTIME_DIR: this.runtimeDir, ...env },
    });
  }

  /** A producing command and those who read it, from its first frame to its last; all must end well. */
  async run(producer: readonly string[], ...consumers: readonly string[][]): Promise<void> {
    const readers = consumers.map((args) => this.edgestream(args));
    const wait = ["--wait-consumers", String(readers.length), "--quiet"];
    const source = this.edgestream([...producer, ...wait]);
    await Promise.all([source, ...readers].map((child) => child.ended()));
  }

  /** Header, frames and end (if it has one) of a sidecar that may be cut anywhere. */
  sidecar(recording: string): {
    header: Record<string, unknown>;
    frames: FrameRow[];
    end: { end: string } | undefined;
  } {
    const whole = readFileSync(`${this.path(recording)}.jsonl`, "utf8")
      .split("\n")
      .slice(0, -1);
    const [header, ...lines] = whole.map((line) => JSON.parse(line));
    const frames = lines.filter((line) => "number" in line);
    return { header, frames, end: lines.find((line) => "end" in line) };
  }

  /** How many frames a recording that is being written has by now. */
  recorded(recording: string): number {
    try {
      return this.sidecar(recording).frames.length;
    } catch {
      return 0; // not there yet
    }
  }

  /** pts, duration, size and MD5 of every frame, as `pull --as framemd5` wrote them. */
  framemd5(name: string): string[] {
    return readFileSync(this.path(name), "utf8")
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"));
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** What a replay must give again. Numbers, epochs and clocks are those of another stream. */
export function sameAgain(row: FrameRow): object {
  const { skipped, pts, duration, size, crc32, metadata } = row;
  return { skipped, pts, duration, size, crc32, metadata };
}
