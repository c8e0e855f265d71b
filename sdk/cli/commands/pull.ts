/** `edgestream pull <stream>`: frames of a stream to a file or a pipe. */
import type { Command } from "commander";
import type { Consumer } from "../../consumer.ts";
import {
  type ConsumerFlags,
  checkEnd,
  connectToRead,
  declareConsumerOptions,
  openToRead,
} from "../consumer-options.ts";
import { type FrameWriter, makeWriter, type WriterName, writerNames } from "../frame-writers.ts";
import { toJson } from "../json-output.ts";
import { oneOf } from "../option-parsers.ts";
import { isReaderGone, type Output, openOutput } from "../output.ts";
import { listenForStop } from "../signals.ts";
import { StoppableReader } from "../stoppable-reader.ts";

interface PullFlags extends ConsumerFlags {
  as: WriterName;
  out: string;
  json: boolean;
}

interface PullCount {
  frames: bigint;
  skipped: bigint;
}

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
  const command = program
    .command("pull")
    .description("write a stream's frames to a file or a pipe")
    .argument("<stream>", "the stream's name, or tcp://host:port/name, tls://…, ws://…, wss://…")
    .option("--as <what>", `one of ${writerNames.join(", ")}`, oneOf("--as", writerNames), "raw")
    .option("--out <file>", "a file, or - for stdout", "-");
  declareConsumerOptions(command)
    .option("--json", "at the end a summary as one line of JSON on stderr", false)
    .addHelpText("after", examples)
    .action(async (name: string, flags: PullFlags) => runPull(name, flags));
}

async function runPull(name: string, flags: PullFlags): Promise<void> {
  const stop = listenForStop();
  try {
    const output = await openOutput(flags.as === "null" ? "/dev/null" : flags.out, flags.as !== "framemd5");
    const stream = await openToRead(name, flags, "edgestream pull", stop.signal);
    if (!stream) return;
    try {
      const consumer = await connectToRead(stream, stop.signal);
      if (consumer) await pullAndReport(name, consumer, output, flags, stop.signal);
    } finally {
      await stream.close();
    }
  } finally {
    stop.dispose();
  }
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
  const reader = new StoppableReader(consumer, signal);
  while (most === undefined || count.frames < most) {
    const result = await reader.next();
    if (result === undefined) return;
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
