/** The `source` command's options: what they are called, what they mean, and which of them go together. */
import { type Command, Option } from "commander";
import type { AcceptOptions, CreateStreamOptions, FrameSpec, ModeName } from "../base/types.ts";
import { usageError } from "./failure.ts";
import { classifyInput, type InputKind, isLive, type TimeBaseChoice } from "./ffmpeg-args.ts";
import { declareListenOptions, type ListenFlags, listenOptions } from "./network-options.ts";
import {
  oneOf,
  parseFormat,
  parseRate,
  parseSize,
  parseSocketMode,
  type Size,
  seconds,
  type VideoFormat,
  wholeNumber,
} from "./option-parsers.ts";

/** As commander hands them over. */
export interface SourceFlags extends ListenFlags {
  name: string;
  loop: boolean;
  realtime?: boolean;
  fps?: string;
  size?: Size;
  format: VideoFormat;
  count?: number;
  timeBase?: TimeBaseChoice;
  rtspTransport: "tcp" | "udp";
  waitConsumers: number;
  whenNoConsumer: "drop" | "wait";
  drain: number;
  acceptModes?: ModeName[];
  acceptMaxConsumers?: number;
  acceptMaxFifoLength?: number;
  acceptMaxHeld?: number;
  acceptMaxWait?: number;
  acceptMaxSlots?: number;
  socketMode?: number;
  socketGroup?: number;
  runtimeDir?: string;
  quiet: boolean;
  json: boolean;
}

/** What the command works with. */
export interface SourceSettings extends SourceFlags {
  input: string;
  kind: InputKind;
  paced: boolean;
  /** Where it is offered besides, and to whom. */
  network: ReturnType<typeof listenOptions>;
}

const modeNames = ["mailbox", "fifo", "broadcast"] as const;
const consumersMax = 128;

export const sourceExamples = `
Examples:
  edgestream source clip.mp4 --name cam1 --loop --realtime
  edgestream source rtsp://camera.local/stream1 --name door
  edgestream source /dev/video0 --name desk --size 1280x720 --fps 30
  edgestream source test: --name bars --size 1920x1080 --fps 60
  edgestream source test: --name bars --listen tcp://0.0.0.0:8888 --token-file bars.token

A rotated file is turned upright, as ffmpeg does it. When the picture changes its size, it is scaled to the first size.
A file counts time as ffmpeg does by default (a tick per frame); --time-base source keeps the container's own ticks.
Exit codes: 0 the input ended or the program was asked to stop, 1 it failed, 2 wrong options.`;

export function declareSourceOptions(command: Command): Command {
  command
    .argument("<input>", "a video file, rtsp://..., /dev/videoN, or test: (a moving pattern)")
    .requiredOption("--name <name>", "the stream's name: 1 to 63 of A-Z a-z 0-9 _ -")
    .option("--loop", "begin again at the end of a file", false)
    .option("--realtime", "as fast as it was filmed (default with --loop and test:)")
    .option("--no-realtime", "as fast as possible")
    .option("--fps <rate>", "change the frame rate: 30, 29.97 or 30000/1001", checkedRate)
    .option("--size <WxH>", "scale to this size", parseSize)
    .option("--format <format>", "pixel format of the stream", parseFormat, "NV12")
    .option("--count <n>", "end after n frames", wholeNumber("--count", 1, 2 ** 40))
    .option("--time-base <clock>", "frame or source: which ticks the pts count in", oneOf("--time-base", clocks))
    .option("--rtsp-transport <way>", "tcp or udp", oneOf("--rtsp-transport", rtspWays), "tcp")
    .option("--wait-consumers <n>", "post nothing before n consumers are connected", consumerCount, 0)
    .addOption(
      new Option("--when-no-consumer <what>", "a frame nobody is there for").choices(["drop", "wait"]).default("drop"),
    )
    .option("--drain <seconds>", "at the end, wait for consumers that still take frames", seconds("--drain"), 5)
    .option("--accept-modes <list>", "modes a consumer may ask for, such as mailbox,fifo", parseModes)
    .option("--accept-max-consumers <n>", "connections at once", wholeNumber("--accept-max-consumers", 1, consumersMax))
    .option("--accept-max-fifo-length <n>", "longest fifo", wholeNumber("--accept-max-fifo-length", 1, 128))
    .option("--accept-max-held <n>", "frames one consumer may hold", wholeNumber("--accept-max-held", 1, 64))
    .option("--accept-max-wait <ms>", "longest hold-up by a full fifo", wholeNumber("--accept-max-wait", 0, 3_600_000))
    .option("--accept-max-slots <n>", "largest pool, in frames", wholeNumber("--accept-max-slots", 2, 256))
    .option("--socket-mode <octal>", "who may connect, such as 0660 (default 0600)", parseSocketMode)
    .option("--socket-group <gid>", "group of the socket", wholeNumber("--socket-group", 0, 2 ** 32 - 2))
    .option("--runtime-dir <path>", "where the socket is made");
  return declareListenOptions(command)
    .option("--quiet", "no progress", false)
    .option("--json", "one JSON object per line on stdout: started, progress, ended", false)
    .addHelpText("after", sourceExamples);
}

const clocks = ["frame", "source"] as const;
const rtspWays = ["tcp", "udp"] as const;
const consumerCount = wholeNumber("--wait-consumers", 0, consumersMax);

/** Kept as text, because ffmpeg wants text; checked here. */
function checkedRate(text: string): string {
  const rate = parseRate(text);
  return `${rate.num}/${rate.den}`;
}

function parseModes(text: string): ModeName[] {
  return text.split(",").map(oneOf("--accept-modes", modeNames));
}

export function checkedName(name: string): string {
  if (/^[A-Za-z0-9_-]{1,63}$/.test(name)) return name;
  throw usageError(`"${name}" is not a stream name; use 1 to 63 of A-Z a-z 0-9 _ -`);
}

export function settleSource(input: string, flags: SourceFlags): SourceSettings {
  checkedName(flags.name);
  const kind = classifyInput(input);
  if (flags.loop && kind !== "file") throw usageError("--loop needs a file; this input has no end");
  if (flags.realtime && isLive(kind))
    throw usageError("--realtime is for files and test:; a camera keeps its own time");
  const paced = !isLive(kind) && (flags.realtime ?? (flags.loop || kind === "test"));
  return { ...flags, input, kind, paced, network: listenOptions(flags) };
}

export function streamOptions(settings: SourceSettings, frame: FrameSpec): CreateStreamOptions {
  const accept: AcceptOptions = {
    ...(settings.acceptModes && { modes: settings.acceptModes }),
    ...(settings.acceptMaxConsumers && { maxConsumers: settings.acceptMaxConsumers }),
    ...(settings.acceptMaxFifoLength && { maxFifoLength: settings.acceptMaxFifoLength }),
    ...(settings.acceptMaxHeld && { maxHeld: settings.acceptMaxHeld }),
    ...(settings.acceptMaxWait !== undefined && { maxWaitMs: settings.acceptMaxWait }),
    ...(settings.acceptMaxSlots && { maxSlots: settings.acceptMaxSlots }),
  };
  return {
    name: settings.name,
    frame,
    accept,
    whenNoConsumer: settings.whenNoConsumer,
    ...settings.network,
    ...(settings.socketMode !== undefined && { socketMode: settings.socketMode }),
    ...(settings.socketGroup !== undefined && { socketGroup: settings.socketGroup }),
    ...(settings.runtimeDir !== undefined && { runtimeDir: settings.runtimeDir }),
  };
}
