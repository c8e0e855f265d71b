/** The stream's side of a command that produces frames: from its first moment to the last line of progress. */
import { once } from "node:events";
import type { ConnectionStats } from "../base/stats-types.ts";
import type { CreateStreamOptions, FrameSpec } from "../base/types.ts";
import { createStream } from "../create-stream.ts";
import type { Producer } from "../producer.ts";
import { drain } from "./drain.ts";
import type { FrameInput } from "./frame-input.ts";
import { pumpFrames } from "./frame-pump.ts";
import { toJson } from "./json-output.ts";
import type { Pacer } from "./pacer.ts";
import { consumerDetails, Progress, type ProgressSnapshot } from "./progress.ts";

const jsonIntervalMs = 500;

export interface StreamRunSettings {
  /** Of the stream. */
  name: string;
  /** End after so many frames. */
  count?: number;
  /** Post nothing before so many are connected. */
  waitConsumers: number;
  /** Seconds that a consumer may take nothing at the end. */
  drain: number;
  quiet: boolean;
  json: boolean;
}

type Stream = Awaited<ReturnType<typeof createStream>>;

export class StreamRun implements AsyncDisposable {
  readonly progress: Progress;
  readonly #settings: StreamRunSettings;
  readonly #stream: Stream;
  readonly #producer: Producer;
  /** Connections as last seen: those that are gone stay in the account. */
  readonly #seen = new Map<bigint, ConnectionStats>();

  static async start(settings: StreamRunSettings, options: CreateStreamOptions, frame: FrameSpec): Promise<StreamRun> {
    const stream = await createStream(options);
    try {
      return new StreamRun(settings, frame, stream, await stream.connectProducer());
    } catch (error) {
      await stream.close();
      throw error;
    }
  }

  private constructor(settings: StreamRunSettings, frame: FrameSpec, stream: Stream, producer: Producer) {
    this.#settings = settings;
    this.#stream = stream;
    this.#producer = producer;
    this.progress = new Progress({
      name: settings.name,
      read: () => this.#snapshot(),
      details: consumerDetails,
      stream: settings.quiet || settings.json ? undefined : process.stderr,
      onTick: (_, framesPerSecond) => this.#emit("progress", { framesPerSecond }),
      ...(settings.json && { intervalMs: jsonIntervalMs }),
    });
    const size = frame.height === undefined ? `up to ${frame.width}` : `${frame.width}x${frame.height}`;
    this.progress.say(`${frame.format} ${size}; read it with: edgestream pull ${settings.name}`);
    const { addresses } = stream;
    if (addresses.length > 0) this.progress.say(`from elsewhere with: edgestream pull ${addresses.join(" or ")}`);
    this.#tellTrouble();
    this.#emit("started", { name: settings.name, ...frame, ...(addresses.length > 0 && { addresses }) });
  }

  async stream(input: FrameInput, pacer: Pacer | undefined, signal: AbortSignal): Promise<void> {
    await pumpFrames({
      input,
      sink: this.#producer,
      pacer,
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
    this.#producer.on("formatchange", ({ layout: { format, width, height } }) => {
      say(`the input has changed: ${format} ${width}x${height} from here on`);
      this.#emit("format", { format, width, height });
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

  #emit(event: "started" | "progress" | "format" | "ended", more: object): void {
    if (!this.#settings.json) return;
    const state = event === "started" ? {} : { ...this.#snapshot(), connections: [...this.#seen.values()] };
    process.stdout.write(`${toJson({ event, ...more, ...state })}\n`);
  }
}
