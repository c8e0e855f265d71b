/** Pipes without the addon, for tests of what reads them: a named pipe, opened twice and unlinked. */
import { execFileSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PipeMaker } from "../../../sdk/cli/ffmpeg-process.ts";

export const fifoPipes: PipeMaker = {
  createPipe() {
    const folder = mkdtempSync(join(tmpdir(), "edgestream-fifo-"));
    const path = join(folder, "fifo");
    execFileSync("mkfifo", [path]);
    // The read end first and non-blocking; otherwise each open waits for the other.
    const readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const writeEnd = openSync(path, constants.O_WRONLY);
    rmSync(folder, { recursive: true });
    return [readEnd, writeEnd];
  },
  closeFd: closeSync,
};
