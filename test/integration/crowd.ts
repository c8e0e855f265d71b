/** One producer and many consumer processes, all of them checked frame by frame. */

import type { ConsumerOptions, CreateStreamOptions, FrameSpec } from "edgestream";
import { type Child, type Line, run, type SpawnOptions } from "../programs/child.ts";
import type { ChildSource } from "../programs/remote-source.ts";
import { childSource } from "../programs/remote-source.ts";

export const fullHd: FrameSpec = { format: "NV12", width: 1920, height: 1080 };

export interface SinkOrder {
  consumer?: ConsumerOptions;
  /** Ends after so many frames. @default at the end of the stream */
  count?: number;
  /** How long it holds each frame before it checks it again. */
  sleepMs?: number;
  /** Frames it keeps leased all the time. */
  hold?: number;
  /** What it expects to see. @default "noise" */
  paint?: "noise" | "plain";
}

export function startSink(name: string, runtimeDir: string, order: SinkOrder, options: SpawnOptions = {}): Child {
  return run("sink.mjs", { name, open: { runtimeDir, timeoutMs: 30_000 }, ...order }, options);
}

/** What a sink said at its end, its numbers as numbers. */
export interface SinkReport {
  frames: number;
  torn: number;
  misnumbered: number;
  skipped: number;
  gaps: number;
  /** Frames missing between two that it got, and not counted as skipped. */
  unaccounted: number;
  first: number;
  last: number;
  end: string;
  cause: string;
}

export async function reportOf(sink: Child): Promise<SinkReport> {
  return asReport(await sink.line("done"));
}

export function asReport(line: Line): SinkReport {
  const number = (field: string) => Number(line[field]);
  return {
    frames: number("frames"),
    torn: number("torn"),
    misnumbered: number("misnumbered"),
    skipped: number("skipped"),
    gaps: number("gaps"),
    unaccounted: number("unaccounted"),
    first: number("first"),
    last: number("last"),
    end: String(line.end),
    cause: String(line.cause),
  };
}

/** A FIFO consumer that got all of `frames`. */
export const complete = (frames: number) => ({
  frames,
  torn: 0,
  misnumbered: 0,
  skipped: 0,
  gaps: 0,
  unaccounted: 0,
  first: 1,
  last: frames,
  end: "ended",
  cause: "ended",
});

/** A producer in a process of its own that listens under `options.name`. */
export async function listen(options: CreateStreamOptions, spawn: SpawnOptions = {}): Promise<ChildSource> {
  const source = await childSource({ watchdogMs: 180_000, ...spawn });
  await source.create({ frame: fullHd, ...options });
  await source.connect({ maxWriting: 1 });
  return source;
}

/** Ends the source's process. */
export async function dismiss(source: ChildSource): Promise<void> {
  await source.close();
  source.child.process.disconnect();
  await source.child.exit;
}
