/** Finds the streams of this host and asks each producer how it is, without taking a seat. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { bindingHost } from "../binding-host.ts";
import { codeOf } from "./failure.ts";
import { StreamObserver, type StreamPlace, type StreamReport, type StreamStatus, statusOf } from "./stream-observer.ts";

export interface FoundStream extends StreamPlace {
  status: StreamStatus;
  report: StreamReport | undefined;
  /** Frames per second between two reports; undefined with only one. */
  framesPerSecond: number | undefined;
}

const suffix = ".sock";
/** Anybody may put files into a shared directory; only these can be streams. */
const socketName = /^[A-Za-z0-9_-]{1,63}\.sock$/;

export function findSockets(directories: readonly string[]): StreamPlace[] {
  return directories.flatMap((directory) =>
    entriesOf(directory)
      .filter((entry) => socketName.test(entry))
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

/** Where streams are looked for. */
export function searchedDirectories(runtimeDir: string | undefined): string[] {
  return runtimeDir === undefined ? [...new Set(bindingHost().binding.runtimeSearch())] : [runtimeDir];
}

/** Asks all of them at the same time; twice, `intervalMs` apart, when the rate is wanted. */
export async function surveyStreams(runtimeDir: string | undefined, intervalMs: number): Promise<FoundStream[]> {
  const places = findSockets(searchedDirectories(runtimeDir));
  const found = await Promise.all(places.map((place) => surveyOne(place, intervalMs)));
  return found.filter(({ status, socket }) => status !== "stale" || existsSync(socket));
}

async function surveyOne(place: StreamPlace, intervalMs: number): Promise<FoundStream> {
  try {
    return await measure(place, intervalMs).catch((error: unknown) => {
      // It ended while we looked, or it sends us away: a second look tells which.
      if (codeOf(error) === "ERR_CLOSED") return measure(place, intervalMs);
      throw error;
    });
  } catch (error) {
    return { ...place, status: statusOf(error), report: undefined, framesPerSecond: undefined };
  }
}

async function measure(place: StreamPlace, intervalMs: number): Promise<FoundStream> {
  using observer = new StreamObserver(place);
  const first = await observer.ask();
  if (intervalMs === 0) return { ...place, status: "alive", report: first, framesPerSecond: undefined };
  await delay(intervalMs);
  const report = await observer.ask();
  const elapsed = Number(report.at - first.at) / 1e9;
  const framesPerSecond = Number(report.info.frames - first.info.frames) / elapsed;
  return { ...place, status: "alive", report, framesPerSecond };
}
