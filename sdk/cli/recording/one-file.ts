/** The sidecar inside the video, as a Matroska attachment: one file to send with a bug report. */
import { rename, rm, stat } from "node:fs/promises";
import type { Readable } from "node:stream";
import { CommandError } from "../failure.ts";
import { FfmpegRun } from "../ffmpeg-process.ts";
import { sidecarPath } from "./containers.ts";
import { diskFull } from "./output-file.ts";

const attachmentName = "edgestream.jsonl";
const quiet = ["-nostdin", "-hide_banner", "-loglevel", "error"];

/** What ffmpeg reads back: about ten hours of 30 frames per second. */
const attachmentBytesMax = 2 ** 28 - 1;

/** Copies the video with its sidecar attached, and puts the copy in the place of both. */
export async function attachSidecar(path: string): Promise<void> {
  const { size } = await stat(sidecarPath(path));
  if (size > attachmentBytesMax) {
    const message = `"${sidecarPath(path)}" is too large to be put into the video (${size} bytes); keep both files`;
    throw new CommandError("ERR_BAD_MATCH", message);
  }
  const part = `${path}.part`;
  const described = ["-metadata:s:t:0", `filename=${attachmentName}`, "-metadata:s:t:0", "mimetype=application/jsonl"];
  const attached = ["-attach", `file:${sidecarPath(path)}`, ...described];
  const copied = ["-f", "matroska", "-i", `file:${path}`, "-map", "0:v:0", "-c", "copy"];
  const args = [...quiet, ...copied, ...attached, "-f", "matroska", "-y", `file:${part}`];
  const run = new FfmpegRun(args, { detached: true, failureCode: "ERR_ENCODER" });
  const failure = run.failure(await run.exited);
  if (failure) {
    await rm(part, { force: true });
    throw /No space left on device/.test(failure.message) ? diskFull(part, failure) : failure;
  }
  await rename(part, path);
  await rm(sidecarPath(path));
}

/** The attached sidecar as it is read; empty when there is none. */
export class AttachedSidecar extends FfmpegRun {
  constructor(path: string) {
    const dump = [`-dump_attachment:m:filename:${attachmentName}`, "pipe:1"];
    const input = ["-protocol_whitelist", "file,pipe", "-f", "matroska", "-i", `file:${path}`];
    // ffmpeg wants an output; this one is nothing.
    const nothing = ["-map", "0:v:0", "-c", "copy", "-frames:v", "0", "-f", "null", "-y", "pipe:2"];
    super([...quiet, ...dump, ...input, ...nothing], { stdout: "pipe", failureCode: "ERR_BAD_RECORDING" });
  }

  get stream(): Readable {
    if (!this.child.stdout) throw new Error("ffmpeg was started without a pipe");
    return this.child.stdout;
  }
}
