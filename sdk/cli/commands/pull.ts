/** `edgestream pull <stream>`: frames of a stream to a file or a pipe. */
import type { Command } from "commander";
import { Option } from "commander";
import type { ConsumerStats } from "../../base/stats-types.ts";
import type { OpenStreamOptions } from "../../base/types.ts";
import type { Consumer } from "../../consumer.ts";
import { openStream } from "../../open-stream.ts";
import type { Stream } from "../../stream.ts";
import { CommandError, codeOf } from "../failure.ts";
import { type FrameWriter, makeWriter, type WriterName, writerNames } from "../frame-writers.ts";
import { toJson } from "../json-output.ts";
import { oneOf, seconds, wholeNumber } from "../option-parsers.ts";
import { isReaderGone, type Output, openOutput } from "../output.ts";
import { listenForStop } from "../signals.ts";

interface PullFlags {
  as: WriterName;
  out: string;
  count?: number;
  mode: "mailbox" | "fifo" | "broadcast";
  fifoLength?: number;
  capacity?: number;
  maxLag?: number;
  maxHeld?: number;
  maxWait?: number;
  onStall?: "evict" | "overwrite";
  start?: "next" | "newest";
  wait: number;
  reconnect: boolean;
  runtimeDir?: string;
  json: boolean;
}

interface PullCount {
  frames: bigint;
  skipped: bigint;
}

const defaultWaitSeconds = 10;
const modeNames = ["mailbox", "fifo", "broadcast"] as const;

const examples = `
Examples:
  edgestream pull cam1 --as y4m --out - | ffplay -
  edgestream pull cam1 --as raw --count 1 --out frame.bin
  edgestream pull cam1 --as framemd5 --out cam1.md5
  edgestream pull cam1 --as null --mode mailbox --json

A frame is given back when its bytes are written. With --mode fifo nothing is lost, and a slow reader slows the
producer down; mailbox and broadcast never do, and skip what they had no time for.
Exit codes: 0 the stream ended, --count was reached, the reader closed the pipe or the program was asked to stop;
1 it failed, the producer died or ended this connection; 2 wrong options.`;

export function addPullCommand(program: Command): void {
  program
    .command("pull")
    .description("write a stream's frames to a file or a pipe")
    .argument("<stream>", "the stream's name")
    .option("--as <what>", `one of ${writerNames.join(", ")}`, oneOf("--as", writerNames), "raw")
    .option("--out <file>", "a file, or - for stdout", "-")
    .option("--count <n>", "end after n frames", wholeNumber("--count", 1, 2 ** 40))
    .option("--mode <mode>", `one of ${modeNames.join(", ")}`, oneOf("--mode", modeNames), "fifo")
    .option("--fifo-length <n>", "fifo: waiting frames", wholeNumber("--fifo-length", 1, 128))
    .option("--capacity <n>", "broadcast: waiting frames", wholeNumber("--capacity", 1, 128))
    .option("--max-lag <n>", "mailbox, broadcast: skipped frames before eviction", wholeNumber("--max-lag", 1, 2 ** 40))
    .option("--max-held <n>", "frames held at once", wholeNumber("--max-held", 1, 64))
    .option("--max-wait <ms>", "fifo: how long it may hold up the producer", wholeNumber("--max-wait", 0, 3_600_000))
    .addOption(new Option("--on-stall <what>", "fifo: what happens then").choices(["evict", "overwrite"]))
    .addOption(new Option("--start <which>", "first frame of a late consumer").choices(["next", "newest"]))
    .option("--wait <seconds>", "how long to wait for the stream to appear", seconds("--wait"), defaultWaitSeconds)
    .option("--reconnect", "go on when the producer comes back", false)
    .option("--runtime-dir <path>", "where the socket is")
    .option("--json", "at the end a summary as one line of JSON on stderr", false)
    .addHelpText("after", examples)
    .action(async (name: string, flags: PullFlags) => runPull(name, flags));
}

async function runPull(name: string, flags: PullFlags): Promise<void> {
  const stop = listenForStop();
  try {
    const output = await openOutput(flags.as === "null" ? "/dev/null" : flags.out, flags.as !== "framemd5");
    const stream = await openUnlessStopped(name, flags, stop.signal);
    if (!stream) return;
    try {
      const consumer = await connectUnlessStopped(stream, stop.signal);
      if (consumer) await pullAndReport(name, consumer, output, flags, stop.signal);
    } finally {
      await stream.close();
    }
  } finally {
    stop.dispose();
  }
}

async function openUnlessStopped(name: string, flags: PullFlags, signal: AbortSignal) {
  try {
    return await openStream(name, openOptions(flags, signal));
  } catch (error) {
    if (signal.aborted) return undefined;
    if (codeOf(error) !== "ERR_NOT_FOUND") throw error;
    const hint = "edgestream list shows what is there, --wait <seconds> waits longer";
    const message = `no stream "${name}" appeared within ${flags.wait} s; ${hint}`;
    throw new CommandError("ERR_NOT_FOUND", message, { cause: error });
  }
}

async function connectUnlessStopped(stream: Stream, signal: AbortSignal): Promise<Consumer | undefined> {
  try {
    return await stream.connectConsumer({ signal });
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

function openOptions(flags: PullFlags, signal: AbortSignal): OpenStreamOptions {
  return {
    mode: flags.mode,
    timeoutMs: Math.round(flags.wait * 1000),
    signal,
    reconnect: flags.reconnect,
    client: "edgestream pull",
    // Nothing here looks at a frame twice.
    reuse: false,
    ...(flags.fifoLength !== undefined && { fifoLength: flags.fifoLength }),
    ...(flags.capacity !== undefined && { capacity: flags.capacity }),
    ...(flags.maxLag !== undefined && { maxLag: flags.maxLag }),
    ...(flags.maxHeld !== undefined && { maxHeld: flags.maxHeld }),
    ...(flags.maxWait !== undefined && { maxWaitMs: flags.maxWait }),
    ...(flags.onStall !== undefined && { onStall: flags.onStall }),
    ...(flags.start !== undefined && { start: flags.start }),
    ...(flags.runtimeDir !== undefined && { runtimeDir: flags.runtimeDir }),
  };
}

async function pullAndReport(
  name: string,
  consumer: Consumer,
  output: Output,
  flags: PullFlags,
  signal: AbortSignal,
): Promise<void> {
  const startedAt = process.hrtime.bigint();
  const count: PullCount = { frames: 0n, skipped: 0n };
  try {
    await pullFrames(name, consumer, makeWriter(flags.as, output), { count, most: flags.count, signal });
    await output.end();
  } catch (error) {
    if (!isReaderGone(error)) throw error;
  } finally {
    if (flags.json) {
      const elapsed = Number(process.hrtime.bigint() - startedAt) / 1e9;
      const summary = { ...count, bytes: output.bytes, seconds: elapsed, stats: consumer.stats() };
      process.stderr.write(`${toJson({ stream: name, ...summary })}\n`);
    }
  }
}

interface PullLimits {
  count: PullCount;
  most: number | undefined;
  signal: AbortSignal;
}

async function pullFrames(name: string, consumer: Consumer, writer: FrameWriter, limits: PullLimits): Promise<void> {
  const { count, most, signal } = limits;
  // One listener for the whole run: one per frame costs more than the frame. Closing ends a wait; a frame that is being
  // written keeps its lease until it is written.
  let waiting = false;
  signal.addEventListener("abort", () => {
    if (waiting) void consumer.close();
  });
  while (!signal.aborted && (most === undefined || count.frames < most)) {
    waiting = true;
    const result = await consumer.next();
    waiting = false;
    if (signal.aborted) return;
    if (result.status !== "ok") return checkEnd(name, consumer.stats());
    const frame = result.frame;
    try {
      await writer.write(frame);
    } finally {
      frame.release();
    }
    count.frames += 1n;
    count.skipped += frame.skipped;
  }
}

/** Only an end that the producer meant is a good end. */
function checkEnd(name: string, stats: ConsumerStats): void {
  if (stats.cause === "ended" || stats.cause === "stopped") return;
  const code = stats.cause.startsWith("evicted") ? "ERR_EVICTED" : "ERR_PRODUCER_LOST";
  throw new CommandError(code, `stream "${name}" broke off: ${stats.cause}; --reconnect waits for the next producer`);
}
