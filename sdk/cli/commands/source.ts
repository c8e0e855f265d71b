/** `edgestream source <input> --name cam1`: one input becomes one stream. */
import { once } from "node:events";
import type { Command } from "commander";
import type { ConnectionStats } from "../../base/stats-types.ts";
import type { FrameSpec } from "../../base/types.ts";
import { bindingHost } from "../../binding-host.ts";
import { createStream } from "../../create-stream.ts";
import type { Producer } from "../../producer.ts";
import { drain } from "../drain.ts";
import { FfmpegInput } from "../ffmpeg-input.ts";
import type { FrameInput } from "../frame-input.ts";
import { pumpFrames } from "../frame-pump.ts";
import { toJson } from "../json-output.ts";
import { parseRate } from "../option-parsers.ts";
import { Pacer, StoppableClock } from "../pacer.ts";
import { Progress, type ProgressSnapshot } from "../progress.ts";
import { listenForStop, type StopSignals } from "../signals.ts";
import {
  declareSourceOptions,
  type SourceFlags,
  type SourceSettings,
  settleSource,
  streamOptions,
} from "../source-options.ts";
import { TestInput } from "../test-pattern.ts";

const testSize = { width: 1280, height: 720 };
const testRate = "30";
const jsonIntervalMs = 500;

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
    await using run = await SourceRun.start(settings, frame);
    say = (text) => run.progress.say(text);
    await run.stream(input, stop.signal);
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

type Stream = Awaited<ReturnType<typeof createStream>>;

/** The stream's side of the command, from its first moment to the last line of progress. */
class SourceRun implements AsyncDisposable {
  readonly progress: Progress;
  readonly #settings: SourceSettings;
  readonly #stream: Stream;
  readonly #producer: Producer;
  /** Connections as last seen: those that are gone stay in the account. */
  readonly #seen = new Map<bigint, ConnectionStats>();

  static async start(settings: SourceSettings, frame: FrameSpec): Promise<SourceRun> {
    const stream = await createStream(streamOptions(settings, frame));
    try {
      return new SourceRun(settings, frame, stream, await stream.connectProducer());
    } catch (error) {
      await stream.close();
      throw error;
    }
  }

  private constructor(settings: SourceSettings, frame: FrameSpec, stream: Stream, producer: Producer) {
    this.#settings = settings;
    this.#stream = stream;
    this.#producer = producer;
    this.progress = new Progress({
      name: settings.name,
      read: () => this.#snapshot(),
      stream: settings.quiet || settings.json ? undefined : process.stderr,
      onTick: (_, framesPerSecond) => this.#emit("progress", { framesPerSecond }),
      ...(settings.json && { intervalMs: jsonIntervalMs }),
    });
    this.progress.say(`${frame.format} ${frame.width}x${frame.height}; read it with: edgestream pull ${settings.name}`);
    this.#tellTrouble();
    this.#emit("started", { name: settings.name, ...frame });
  }

  async stream(input: FrameInput, signal: AbortSignal): Promise<void> {
    await pumpFrames({
      input,
      sink: this.#producer,
      pacer: this.#settings.paced ? new Pacer(new StoppableClock(signal)) : undefined,
      countMax: this.#settings.count ?? Number.POSITIVE_INFINITY,
      ready: () => this.#ready(signal),
      signal,
    });
  }

  /** No more frames: consumers take what waits, then the stream goes. Asked to stop, it does not wait for them. */
  async end(signal: AbortSignal): Promise<void> {
    // The last look at those who will be gone when they have everything.
    this.#connections();
    const done = await drain(this.#producer, this.#settings.drain * 1000, signal);
    if (!done && !signal.aborted) this.progress.say("a consumer did not take what waits for it; ending without it");
    this.progress.stop();
    this.#emit("ended", { seconds: this.progress.seconds });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.progress.dispose();
    await this.#stream.close();
  }

  /** What the operator of a stream wants to know about its consumers; JSON readers see it in the counters. */
  #tellTrouble(): void {
    const say = (text: string) => this.progress.say(text);
    const who = (connection: bigint) => this.#seen.get(connection)?.client ?? "a consumer";
    // Noted when they come, so that they have a name when they go.
    this.#producer.on("connected", () => void this.#connections());
    this.#producer.on("stalled", ({ connection, waitedMs }) => {
      say(`${who(connection)} (connection ${connection}) held up the stream for ${waitedMs} ms`);
    });
    this.#producer.on("disconnected", ({ connection, cause }) => {
      if (cause.startsWith("evicted")) say(`${who(connection)} (connection ${connection}) was sent away: ${cause}`);
    });
    this.#producer.on("refused", ({ reason }) => say(`a consumer was refused: ${reason}`));
  }

  /** A consumer counts when its hand-shake is done: from then on it gets every frame. */
  async #ready(signal: AbortSignal): Promise<void> {
    const wanted = this.#settings.waitConsumers;
    const connected = () => this.#connections().filter((each) => each.state !== "disconnected").length;
    if (wanted > 0) await this.#producer.settled({ signal });
    while (connected() < wanted) {
      await once(this.#producer, "connected", { signal });
      await this.#producer.settled({ signal });
    }
    this.progress.begin();
  }

  #connections(): ConnectionStats[] {
    const connections = this.#producer.stats().connections;
    for (const each of connections) this.#seen.set(each.id, each);
    return connections;
  }

  #snapshot(): ProgressSnapshot {
    const { frames, noConsumer } = this.#producer.stats();
    const connections = this.#connections();
    const skipped = [...this.#seen.values()].reduce((sum, each) => sum + each.skipped + each.discarded, 0n);
    return {
      frames,
      consumers: connections.filter((each) => each.state !== "disconnected").length,
      dropped: noConsumer + skipped,
    };
  }

  #emit(event: "started" | "progress" | "ended", more: object): void {
    if (!this.#settings.json) return;
    const state = event === "started" ? {} : { ...this.#snapshot(), connections: [...this.#seen.values()] };
    process.stdout.write(`${toJson({ event, ...more, ...state })}\n`);
  }
}
