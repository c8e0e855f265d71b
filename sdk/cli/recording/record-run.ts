/** The `record` command at work: takes frames from a connection and writes them until one of the ends is reached. */
import { statfsSync } from "node:fs";
import { dirname } from "node:path";
import { toFrameLayout } from "../../base/format.ts";
import type { FrameLayout } from "../../base/types.ts";
import type { Consumer } from "../../consumer.ts";
import type { Stream } from "../../stream.ts";
import { checkEnd, connectToRead } from "../consumer-options.ts";
import { CommandError } from "../failure.ts";
import { toJson } from "../json-output.ts";
import { Progress } from "../progress.ts";
import { StoppableReader } from "../stoppable-reader.ts";
import { StreamObserver } from "../stream-observer.ts";
import { findSockets, searchedDirectories } from "../stream-survey.ts";
import { attachSidecar } from "./one-file.ts";
import { Recording, type RecordingTarget } from "./recording.ts";

export interface RecordSettings extends RecordingTarget {
  count?: number;
  seconds?: number;
  runtimeDir?: string;
  oneFile: boolean;
  quiet: boolean;
  json: boolean;
}

interface RecordSnapshot {
  frames: bigint;
  skipped: bigint;
  /** In the files. */
  bytes: number;
  /** Left on their disk; undefined when it does not say. */
  bytesFree: number | undefined;
}

const jsonIntervalMs = 500;

/** Why the recording is over, when it was not the stream's doing. */
type OwnEnd = "count" | "seconds" | "asked" | "broken";

export class RecordRun implements Disposable {
  readonly #settings: RecordSettings;
  readonly #over = new AbortController();
  readonly #progress: Progress<RecordSnapshot>;
  #why: OwnEnd = "asked";
  #recording: Recording | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** `stop`: somebody asked the program to end. */
  constructor(settings: RecordSettings, stop: AbortSignal) {
    this.#settings = settings;
    stop.addEventListener("abort", () => this.#end("asked"));
    if (stop.aborted) this.#end("asked");
    this.#progress = new Progress({
      name: settings.name,
      read: () => this.#snapshot(),
      details: recordDetails,
      stream: settings.quiet || settings.json ? undefined : process.stderr,
      onTick: (snapshot, framesPerSecond) => this.#emit("progress", { ...snapshot, framesPerSecond }),
      ...(settings.json && { intervalMs: jsonIntervalMs }),
    });
  }

  async record(stream: Stream): Promise<void> {
    // Whatever takes time is done before the first frame has to be taken.
    const announced = await announcedLayout(this.#settings);
    if (announced) await this.#begin(announced);
    try {
      const consumer = await connectToRead(stream, this.#over.signal);
      if (consumer) await this.#recordFrom(consumer);
    } finally {
      if (this.#recording?.frames === 0n) await this.#recording.discard();
    }
    if (!this.#recording?.frames) this.#sayNothingCame();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#progress.dispose();
  }

  async #recordFrom(consumer: Consumer): Promise<void> {
    const { name, seconds } = this.#settings;
    if (seconds !== undefined) this.#timer = setTimeout(() => this.#end("seconds"), seconds * 1000);
    let why = "failed";
    try {
      why = await this.#frames(consumer);
      await this.#complete(why);
    } catch (error) {
      // The frames until now are whole, if they can be; the first failure is the one to tell.
      await this.#recording?.finish("failed").catch(() => undefined);
      throw error;
    } finally {
      this.#progress.stop();
      const { path: file } = this.#settings;
      const { seconds } = this.#progress;
      this.#emit("ended", { name, why, file, ...this.#snapshot(), seconds, stats: consumer.stats() });
    }
    if (!this.#over.signal.aborted && why !== "count") checkEnd(name, consumer.stats());
  }

  async #complete(why: string): Promise<void> {
    await this.#recording?.finish(why);
    if (!this.#settings.oneFile || !this.#recording?.frames) return;
    this.#progress.say("putting the sidecar into the video");
    await attachSidecar(this.#settings.path);
  }

  /** Says why there are no more. */
  async #frames(consumer: Consumer): Promise<string> {
    const most = this.#settings.count ?? Number.POSITIVE_INFINITY;
    const reader = new StoppableReader(consumer, this.#over.signal);
    while ((this.#recording?.frames ?? 0n) < most) {
      const result = await reader.next();
      if (result === undefined) return this.#why;
      if (result.status !== "ok") return consumer.stats().cause;
      const frame = result.frame;
      try {
        const recording = this.#recording ?? (await this.#begin(frame.layout));
        if (recording.frames === 0n) this.#progress.begin();
        await recording.write(frame);
      } finally {
        frame.release();
      }
    }
    return "count";
  }

  async #begin(layout: FrameLayout): Promise<Recording> {
    const recording = await Recording.create(this.#settings, layout);
    recording.broken.addEventListener("abort", () => this.#end("broken"));
    this.#recording = recording;
    const { name, path } = this.#settings;
    const { format, width, height, timeBase } = layout;
    const size = format === "bytes" ? `up to ${width}` : `${width}x${height}`;
    this.#progress.say(`${format} ${size} to ${path}; Ctrl-C ends the recording`);
    this.#emit("started", { name, file: path, format, width, height, timeBase });
    return recording;
  }

  #sayNothingCame(): void {
    const { name } = this.#settings;
    const message = `no frame of "${name}" came, so nothing was recorded`;
    if (this.#why !== "asked" || !this.#over.signal.aborted) throw new CommandError("ERR_NO_FRAMES", message);
    this.#progress.say(message);
  }

  #snapshot(): RecordSnapshot {
    const { frames = 0n, skipped = 0n, bytes = 0 } = this.#recording ?? {};
    return { frames, skipped, bytes, bytesFree: bytesFree(dirname(this.#settings.path)) };
  }

  #end(why: OwnEnd): void {
    if (this.#over.signal.aborted) return;
    this.#why = why;
    this.#over.abort();
  }

  #emit(event: "started" | "progress" | "ended", fields: object): void {
    if (this.#settings.json) process.stdout.write(`${toJson({ event, ...fields })}\n`);
  }
}

/** Undefined while the stream has no producer, or does not answer. */
async function announcedLayout({ name, runtimeDir }: RecordSettings): Promise<FrameLayout | undefined> {
  const place = findSockets(searchedDirectories(runtimeDir)).find((each) => each.name === name);
  if (!place) return undefined;
  try {
    using observer = new StreamObserver(place);
    const { format } = (await observer.ask()).info;
    return format.size > 0 ? toFrameLayout(format) : undefined;
  } catch {
    // Not being able to look is no reason not to connect, which says better what is wrong.
    return undefined;
  }
}

export function recordDetails(snapshot: Omit<RecordSnapshot, "frames">): string[] {
  const { skipped, bytes, bytesFree } = snapshot;
  const free = bytesFree === undefined ? [] : [`${(bytesFree / 1e9).toFixed(1)} GB free`];
  return [`${megabytes(bytes)} MB`, ...free, `${skipped} skipped`];
}

function bytesFree(folder: string): number | undefined {
  try {
    const disk = statfsSync(folder);
    return disk.bavail * disk.bsize;
  } catch {
    // A count for people is no reason to end a recording.
    return undefined;
  }
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(bytes < 1e8 ? 1 : 0);
}
