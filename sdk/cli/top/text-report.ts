/** `top` for pipes, logs and programs: a table or a line of JSON per interval. */
import { setTimeout as delay } from "node:timers/promises";
import { bindingHost } from "../../binding-host.ts";
import { describeConnection, describeProducer } from "../describe-stream.ts";
import { toJson } from "../json-output.ts";
import { isReaderGone, type Output } from "../output.ts";
import { answerMs } from "../stream-observer.ts";
import { headingLine, placeColumns, rowLine, type SortOrder, sortRows } from "./columns.ts";
import type { Glyphs } from "./glyphs.ts";
import { textOf } from "./line.ts";
import { type ConnectionRow, type StreamRow, TopModel } from "./model.ts";
import { streamColumns } from "./stream-columns.ts";
import type { StreamWatch } from "./stream-watch.ts";

export interface TextOptions {
  watch: StreamWatch;
  output: Output;
  json: boolean;
  /** undefined: until it is stopped. */
  count: number | undefined;
  intervalMs: number;
  sort: string;
  glyphs: Glyphs;
}

/** Resolves after the last report, or when nobody reads them any more. */
export async function reportInText(options: TextOptions, signal: AbortSignal): Promise<void> {
  const { watch, output, count = Number.POSITIVE_INFINITY, intervalMs, json } = options;
  const model = new TopModel(bindingHost());
  const look = async () => model.update(await watch.look(Math.min(answerMs, 0.8 * intervalMs)));
  try {
    // Rates need two looks, so the first is not told.
    await look();
    const startedAt = performance.now();
    for (let told = 1; told <= count; told += 1) {
      // Counted from the start, so that what a look takes does not add up.
      await delay(startedAt + told * intervalMs - performance.now(), undefined, { signal });
      const order = { column: options.sort, reversed: false };
      const rows = sortRows(await look(), streamColumns, order);
      await output.write(json ? jsonLine(rows, intervalMs) : plainTable(rows, order, options.glyphs));
    }
    await output.end();
  } catch (error) {
    if (!signal.aborted && !isReaderGone(error)) throw error;
  }
}

function plainTable(rows: readonly StreamRow[], order: SortOrder, glyphs: Glyphs): string {
  const clock = new Date().toTimeString().slice(0, 8);
  if (rows.length === 0) return `${clock}\nno streams; start one with: edgestream source test: --name bars\n\n`;
  const written = streamColumns.filter(({ drawn }) => !drawn);
  const placed = placeColumns(written, rows, Number.POSITIVE_INFINITY, glyphs);
  const lines = [headingLine(placed, order, glyphs), ...rows.map((row) => rowLine(placed, row, glyphs))];
  return `${clock}\n${lines.map((each) => `${textOf(each).trimEnd()}\n`).join("")}\n`;
}

function jsonLine(rows: readonly StreamRow[], intervalMs: number): string {
  const time = new Date().toISOString();
  return `${toJson({ time, intervalSeconds: intervalMs / 1000, streams: rows.map(describeRow) })}\n`;
}

function describeRow({ name, key, status, info, fps, worstLatencyUs, connections }: StreamRow): object {
  if (!info) return { name, socket: key, status };
  return {
    name,
    socket: key,
    status,
    ...describeProducer(info),
    framesPerSecond: fps,
    worstLatencyUs,
    connections: connections.map(describeTaker),
  };
}

function describeTaker({ info, fps, latency }: ConnectionRow): object {
  return { ...describeConnection(info), framesPerSecond: fps, latency };
}
