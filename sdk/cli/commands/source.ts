/** `edgestream source <input> --name cam1`: one input becomes one stream. */
import type { Command } from "commander";
import type { FrameSpec } from "../../base/types.ts";
import { bindingHost } from "../../binding-host.ts";
import { FfmpegInput } from "../ffmpeg-input.ts";
import type { FrameInput } from "../frame-input.ts";
import { parseRate } from "../option-parsers.ts";
import { Pacer, StoppableClock } from "../pacer.ts";
import { listenForStop, type StopSignals } from "../signals.ts";
import {
  declareSourceOptions,
  type SourceFlags,
  type SourceSettings,
  settleSource,
  streamOptions,
} from "../source-options.ts";
import { StreamRun } from "../stream-run.ts";
import { TestInput } from "../test-pattern.ts";

const testSize = { width: 1280, height: 720 };
const testRate = "30";

export function addSourceCommand(program: Command): void {
  declareSourceOptions(program.command("source").description("decode a video once and stream its frames")).action(
    async (input: string, flags: SourceFlags) => runSource(settleSource(input, flags)),
  );
}

async function runSource(settings: SourceSettings): Promise<void> {
  let say = (text: string): void => {
    process.stderr.write(`${settings.name}: ${text}\n`);
  };
  const input = makeInput(settings, (reason, waitMs) => say(`${reason}; trying again in ${waitMs / 1000} s`));
  const stop = listenForStop();
  // Stopping the input is what wakes a read that waits for a picture.
  stop.signal.addEventListener("abort", () => void input.close());
  try {
    const frame = await openUnlessStopped(input, stop);
    if (!frame) return;
    await using run = await StreamRun.start(settings, streamOptions(settings, frame), frame);
    say = (text) => run.progress.say(text);
    await run.stream(input, settings.paced ? new Pacer(new StoppableClock(stop.signal)) : undefined, stop.signal);
    await input.close();
    await run.end(stop.signal);
  } finally {
    await input.close();
    stop.dispose();
  }
}

function makeInput(settings: SourceSettings, onBroken: (reason: string, waitMs: number) => void): FrameInput {
  const { kind, input, format, size, fps, rtspTransport } = settings;
  if (kind === "test") return new TestInput({ format, size: size ?? testSize, rate: parseRate(fps ?? testRate) });
  // A camera's rate is a guess, and ticks of a guessed length lose time; a file's is written in it.
  const timeBase = settings.timeBase ?? (kind === "file" ? "frame" : "source");
  const request = { kind, input, format, size, fps, timeBase, rtspTransport };
  return new FfmpegInput({ pipes: bindingHost().binding, request, loop: settings.loop, onBroken });
}

async function openUnlessStopped(input: FrameInput, stop: StopSignals): Promise<FrameSpec | undefined> {
  try {
    const frame = await input.open();
    return stop.signal.aborted ? undefined : frame;
  } catch (error) {
    if (stop.signal.aborted) return undefined;
    throw error;
  }
}
