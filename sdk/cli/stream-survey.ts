/** Finds the streams of this host and asks each producer how it is, without taking a seat. */
import { EventEmitter, once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import {
  EventKind,
  type NativeConnectionInfo,
  type NativeObserver,
  type NativeProducerInfo,
} from "../../native/binding.ts";
import { type BindingHost, bindingHost } from "../binding-host.ts";
import { codeOf } from "./failure.ts";

/** A producer that is alive answers from its event loop; one that is stopped or busy may not. */
const answerMs = 1000;

export interface StreamReport {
  info: NativeProducerInfo;
  connections: NativeConnectionInfo[];
  /** Monotonic ns of its arrival. */
  at: bigint;
}

export interface FoundStream {
  name: string;
  /** Path of the socket. */
  socket: string;
  directory: string;
  /** stale: nobody listens any more. denied: the socket's permissions say no. silent: no answer in time. */
  status: "alive" | "stale" | "denied" | "silent";
  report: StreamReport | undefined;
  /** Frames per second between two reports; undefined with only one. */
  framesPerSecond: number | undefined;
}

const suffix = ".sock";

export function findSockets(directories: readonly string[]): { name: string; directory: string; socket: string }[] {
  return directories.flatMap((directory) =>
    entriesOf(directory)
      .filter((entry) => entry.endsWith(suffix))
      .sort()
      .map((entry) => ({ name: entry.slice(0, -suffix.length), directory, socket: join(directory, entry) })),
  );
}

function entriesOf(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    // A directory of the search that is not there, or is somebody else's, has no streams for us.
    return [];
  }
}

/** Asks all of them (or those of one name) at the same time; twice, `intervalMs` apart, when the rate is wanted. */
export async function surveyStreams(
  runtimeDir: string | undefined,
  intervalMs: number,
  name?: string,
): Promise<FoundStream[]> {
  const host = bindingHost();
  const directories = runtimeDir === undefined ? host.binding.runtimeSearch() : [runtimeDir];
  host.binding.ref();
  try {
    const sockets = findSockets([...new Set(directories)]).filter((each) => name === undefined || each.name === name);
    return await Promise.all(sockets.map((each) => surveyOne(host, each, intervalMs)));
  } finally {
    host.binding.unref();
  }
}

async function surveyOne(
  host: BindingHost,
  place: { name: string; directory: string; socket: string },
  intervalMs: number,
): Promise<FoundStream> {
  const nothing = { ...place, report: undefined, framesPerSecond: undefined };
  let observer: NativeObserver;
  try {
    observer = host.binding.openObserver(place.name, place.directory);
  } catch (error) {
    return { ...nothing, status: statusOf(error) };
  }
  const events = new EventEmitter();
  host.register(observer.id, {
    onWake: () => void events.emit("change"),
    onEvent: (event) => void events.emit(event.kind === EventKind.report ? "report" : "change"),
  });
  try {
    const first = await ask(observer, events);
    if (intervalMs === 0) return { ...nothing, status: "alive", report: first };
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
    const report = await ask(observer, events);
    const elapsed = Number(report.at - first.at) / 1e9;
    const framesPerSecond = Number(report.info.frames - first.info.frames) / elapsed;
    return { ...nothing, status: "alive", report, framesPerSecond };
  } catch (error) {
    return { ...nothing, status: statusOf(error) };
  } finally {
    host.unregister(observer.id);
    observer.close();
  }
}

async function ask(observer: NativeObserver, events: EventEmitter): Promise<StreamReport> {
  const answered = once(events, "report", { signal: AbortSignal.timeout(answerMs) });
  observer.query();
  await answered;
  const report = observer.report();
  if (!report) throw new Error("a report was announced and is not there");
  return { ...report, at: process.hrtime.bigint() };
}

function statusOf(error: unknown): FoundStream["status"] {
  switch (codeOf(error)) {
    case "ERR_NOT_FOUND":
    case "ERR_CLOSED":
      return "stale";
    case "ERR_BAD_ACCESS":
    case "ERR_REFUSED":
      return "denied";
    case "ABORT_ERR":
      return "silent";
    default:
      throw error;
  }
}
