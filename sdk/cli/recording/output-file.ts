/** Files that a recording is written to: never over another one unasked, and a full disk is told in plain words. */
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { CommandError, codeOf } from "../failure.ts";
import { Output } from "../output.ts";

export async function createOutputFile(path: string, force: boolean): Promise<Output> {
  const file = createWriteStream(path, { flags: force ? "w" : "wx" });
  try {
    await once(file, "open");
  } catch (error) {
    throw writeFailure(path, error);
  }
  return new Output(file, false);
}

/** What a failed open or write of `path` means. */
export function writeFailure(path: string, error: unknown): unknown {
  if (error instanceof CommandError) return error;
  switch (codeOf(error)) {
    case undefined:
      return error;
    case "EEXIST":
      return fileExists(path);
    case "ENOSPC":
    case "EDQUOT":
      return diskFull(path, error);
    default: {
      const why = error instanceof Error ? error.message : String(error);
      return new CommandError("ERR_WRITE", `cannot write "${path}": ${why}`, { cause: error });
    }
  }
}

export function fileExists(path: string): CommandError {
  return new CommandError("ERR_FILE_EXISTS", `"${path}" is there already; give another name, or --force to replace it`);
}

export function diskFull(path: string, cause: unknown): CommandError {
  const message = `no space is left for "${path}"; what was written until then can be replayed`;
  return new CommandError("ERR_DISK_FULL", message, { cause });
}
