/** `edgestream replay <file> --name <stream>`: a recording becomes a stream again. */
import type { Command } from "commander";
import type { CreateStreamOptions, FrameSpec } from "../../base/types.ts";
import { bindingHost } from "../../binding-host.ts";
import { usageError } from "../failure.ts";
import { parseSocketMode, positiveNumber, seconds, wholeNumber } from "../option-parsers.ts";
import { Pacer, StoppableClock } from "../pacer.ts";
import { RecordingInput } from "../recording/recording-input.ts";
import { listenForStop } from "../signals.ts";
import { checkedName } from "../source-options.ts";
import { StreamRun } from "../stream-run.ts";

interface ReplayFlags {
  name: string;
  speed?: number;
  fast: boolean;
  loop: boolean;
  from: number;
  count?: number;
  waitConsumers: number;
  verify: boolean;
  drain: number;
  socketMode?: number;
  runtimeDir?: string;
  quiet: boolean;
  json: boolean;
}

const examples = `
Examples:
  edgestream replay cam1.mkv --name cam1
  edgestream replay bug.mkv --name cam1 --from 200 --count 50 --speed 0.25
  edgestream replay cam1.raw --name cam1 --fast --wait-consumers 1

Bytes, pts, duration and metadata of each frame are those that were recorded. Frames are posted with the distances in
time at which they were posted first, so what a recording lacks is a gap in time; --speed divides them, --fast leaves
them out. Frame numbers begin at 1 again. Each frame is compared with the checksum that was recorded.
Exit codes: 0 the recording ended, --count was reached or the program was asked to stop; 1 it failed or a frame is
damaged; 2 wrong options.`;

export function addReplayCommand(program: Command): void {
  program
    .command("replay")
    .description("stream the frames of a recording as they were")
    .argument("<file>", "a recording: .mkv, .y4m or .raw, with its .jsonl beside it or in it")
    .requiredOption("--name <name>", "the stream's name: 1 to 63 of A-Z a-z 0-9 _ -")
    .option("--speed <factor>", "2 = twice as fast as it was (default 1)", positiveNumber("--speed", 1000))
    .option("--fast", "as fast as consumers take the frames", false)
    .option("--loop", "begin again at the end", false)
    .option("--from <n>", "begin with the n-th frame of the file", wholeNumber("--from", 1, 2 ** 40), 1)
    .option("--count <n>", "end after n frames", wholeNumber("--count", 1, 2 ** 40))
    .option("--wait-consumers <n>", "post nothing before n consumers are connected", consumerCount, 0)
    .option("--no-verify", "do not compare frames with their checksums")
    .option("--drain <seconds>", "at the end, wait for consumers that still take frames", seconds("--drain"), 5)
    .option("--socket-mode <octal>", "who may connect, such as 0660 (default 0600)", parseSocketMode)
    .option("--runtime-dir <path>", "where the socket is made")
    .option("--quiet", "no progress", false)
    .option("--json", "one JSON object per line on stdout: started, progress, ended", false)
    .addHelpText("after", examples)
    .action(async (path: string, flags: ReplayFlags) => runReplay(path, flags));
}

const consumerCount = wholeNumber("--wait-consumers", 0, 128);

async function runReplay(path: string, flags: ReplayFlags): Promise<void> {
  checkedName(flags.name);
  if (flags.fast && flags.speed !== undefined) throw usageError("--fast and --speed do not go together; leave one out");
  const { from, verify, loop, speed = 1 } = flags;
  const input = new RecordingInput({ path, from, verify, loop, speed, pipes: bindingHost().binding });
  const stop = listenForStop();
  // Stopping the input is what wakes a read that waits for a picture.
  stop.signal.addEventListener("abort", () => void input.close());
  try {
    const frame = await input.open();
    await using run = await StreamRun.start(flags, streamOptions(flags, frame), frame);
    await run.stream(input, flags.fast ? undefined : new Pacer(new StoppableClock(stop.signal)), stop.signal);
    if (input.shortfall) warn(run, flags, input.shortfall);
    await input.close();
    await run.end(stop.signal);
  } finally {
    await input.close();
    stop.dispose();
  }
}

/** Whoever wants no progress, or JSON, still wants to know. */
function warn(run: StreamRun, flags: ReplayFlags, text: string): void {
  if (flags.quiet || flags.json) process.stderr.write(`${flags.name}: ${text}\n`);
  else run.progress.say(text);
}

function streamOptions(flags: ReplayFlags, frame: FrameSpec): CreateStreamOptions {
  return {
    name: flags.name,
    frame,
    ...(flags.socketMode !== undefined && { socketMode: flags.socketMode }),
    ...(flags.runtimeDir !== undefined && { runtimeDir: flags.runtimeDir }),
  };
}
