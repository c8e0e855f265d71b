/** The three kinds of recording, told by the file's ending, and which frames each of them can hold. */
import { extname } from "node:path";
import type { FormatName } from "../../base/types.ts";
import { CommandError, usageError } from "../failure.ts";
import { y4mColour } from "../y4m.ts";

export const containerNames = ["mkv", "y4m", "raw"] as const;
export type ContainerName = (typeof containerNames)[number];

export function containerOf(path: string): ContainerName {
  const ending = extname(path).slice(1).toLowerCase();
  const found = containerNames.find((name) => name === ending);
  if (found !== undefined) return found;
  throw usageError(`"${path}" must end in .mkv (lossless video), .y4m or .raw (the bytes as they are)`);
}

/** Where the frames' times and metadata are. */
export function sidecarPath(path: string): string {
  return `${path}.jsonl`;
}

/** `name`: of the stream, for the advice. */
export function checkHolds(container: ContainerName, format: FormatName, name: string): void {
  if (container === "raw") return;
  const others = format === "bytes" ? `${name}.raw` : `${name}.mkv or ${name}.raw`;
  if (format !== "bytes" && (container === "mkv" || y4mColour(format) !== undefined)) return;
  throw new CommandError("ERR_BAD_MATCH", `${container} cannot hold ${format} frames; record to ${others}`);
}
