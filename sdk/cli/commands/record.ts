/** `edgestream record <stream> <file>`: every frame into a file, bit by bit, with its times and metadata. */
import { existsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { Command } from "commander";
import { type ConsumerFlags, declareConsumerOptions, openToRead } from "../consumer-options.ts";
import { CommandError, usageError } from "../failure.ts";
import { findFfmpeg } from "../ffmpeg-process.ts";
import { seconds } from "../option-parsers.ts";
import { containerOf, sidecarPath } from "../recording/containers.ts";
import { fileExists } from "../recording/output-file.ts";
import { RecordRun, type RecordSettings } from "../recording/record-run.ts";
import { listenForStop } from "../signals.ts";

interface RecordFlags extends ConsumerFlags {
  seconds?: number;
  force: boolean;
  oneFile: boolean;
  quiet: boolean;
  json: boolean;
}

/** What a timer can hold. */
const secondsMax = 2_000_000;

const examples = `
Examples:
  edgestream record cam1 cam1.mkv
  edgestream record cam1 bug.mkv --seconds 10 --one-file
  edgestream record cam1 cam1.raw --mode mailbox --count 1000
  edgestream replay cam1.mkv --name cam1-again

The file's ending says how the pixels are kept; every kind gives them back bit by bit:
  .mkv  lossless video (FFV1), every format but bytes; needs ffmpeg, and processor time
  .y4m  uncompressed video that players read: NV12, I420, P010, GRAY8, GRAY16
  .raw  the bytes as they are, every format
Times, numbers and metadata are in <file>.jsonl beside it, a line per frame.
With --mode fifo nothing is lost, and a disk that is too slow slows the producer down, for --max-wait at most; then
this consumer is sent away. --mode mailbox and broadcast never wait, and record gaps instead.
Exit codes: 0 the stream ended, --count or --seconds was reached or the program was asked to stop; 1 it failed, the
producer died or ended this connection; 2 wrong options. What was recorded until then can be replayed.`;

export function addRecordCommand(program: Command): void {
  const command = program
    .command("record")
    .description("write every frame of a stream to a file, lossless, with times and metadata")
    .argument("<stream>", "the stream's name, or tcp://host:port/name, tls://…, ws://…, wss://…")
    .argument("<file>", "the recording: .mkv, .y4m or .raw")
    .option("--force", "replace a file that is there", false)
    .option("--one-file", "mkv: at the end put the sidecar into the video (copies it once)", false)
    .option("--seconds <s>", "end so long after the connection was made", seconds("--seconds"));
  declareConsumerOptions(command)
    .option("--quiet", "no progress", false)
    .option("--json", "one JSON object per line on stdout: started, progress, ended", false)
    .addHelpText("after", examples)
    .action(async (name: string, file: string, flags: RecordFlags) => runRecord(name, flags, file));
}

async function runRecord(name: string, flags: RecordFlags, path: string): Promise<void> {
  const settings = await settle(name, flags, path);
  const stop = listenForStop();
  try {
    const stream = await openToRead(name, flags, "edgestream record", stop.signal);
    if (!stream) return;
    using run = new RecordRun(settings, stop.signal);
    try {
      await run.record(stream);
    } finally {
      await stream.close();
    }
  } finally {
    stop.dispose();
  }
}

/** Finds out at once what would only be found out when the first frame comes. */
async function settle(name: string, flags: RecordFlags, path: string): Promise<RecordSettings> {
  const container = containerOf(path);
  if (flags.oneFile && container !== "mkv") throw usageError("--one-file needs a file that ends in .mkv");
  if (flags.seconds !== undefined && !(flags.seconds > 0 && flags.seconds <= secondsMax)) {
    throw usageError(`--seconds must be more than 0 and at most ${secondsMax}`);
  }
  const folder = dirname(path);
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    throw new CommandError("ERR_WRITE", `cannot write "${path}": "${folder}" is not a directory; make it first`);
  }
  const taken = [path, sidecarPath(path)].find((each) => existsSync(each));
  if (taken !== undefined && !flags.force) throw fileExists(taken);
  return { ...flags, name, path, container, dialect: container === "mkv" ? await findFfmpeg() : undefined };
}
