/** Keeps one observer on every stream of this host, and asks all of them at once. */
import { existsSync } from "node:fs";
import type { LatencyHistograms } from "../../latency.ts";
import { codeOf } from "../failure.ts";
import {
  answerMs,
  StreamObserver,
  type StreamPlace,
  type StreamReport,
  type StreamStatus,
  statusOf,
} from "../stream-observer.ts";
import { findSockets, searchedDirectories } from "../stream-survey.ts";

export interface Sighting extends StreamPlace {
  status: StreamStatus;
  /** The newest answer; of a stream that fell silent, its last. */
  report: StreamReport | undefined;
  /** Of the connections that had time to answer. */
  latencies: ReadonlyMap<bigint, LatencyHistograms>;
}

const noLatencies: ReadonlyMap<bigint, LatencyHistograms> = new Map();

export class StreamWatch implements Disposable {
  readonly directories: readonly string[];
  readonly #observers = new Map<string, Observed>();
  #over = false;

  constructor(runtimeDir: string | undefined) {
    this.directories = searchedDirectories(runtimeDir);
  }

  /** One look at all streams, in the order of their names. It takes as long as the slowest answer, `waitMs` at most. */
  async look(waitMs: number): Promise<Sighting[]> {
    const places = new Map(findSockets(this.directories).map((place) => [place.socket, place]));
    // A producer outlives its stream's name; while it answers it is there.
    for (const [socket, { place }] of this.#observers) places.set(socket, place);
    const seen = await Promise.all([...places.values()].map((place) => this.#lookAt(place, waitMs)));
    return seen
      .filter((each) => each !== undefined)
      .sort((a, b) => (a.name === b.name ? (a.socket < b.socket ? -1 : 1) : a.name < b.name ? -1 : 1));
  }

  /** Detaches from all of them; a look that is under way ends at once. */
  [Symbol.dispose](): void {
    this.#over = true;
    for (const { observer } of this.#observers.values()) observer.close();
    this.#observers.clear();
  }

  /** undefined: there is no such stream any more. */
  async #lookAt(place: StreamPlace, waitMs: number): Promise<Sighting | undefined> {
    try {
      return await this.#ask(place, waitMs).catch((error: unknown) => {
        // Gone since the last look; whoever listens there now is another one.
        if (codeOf(error) === "ERR_CLOSED" && !this.#over) return this.#ask(place, waitMs);
        throw error;
      });
    } catch (error) {
      if (this.#over) return undefined;
      const status = statusOf(error);
      if (status === "stale" && !existsSync(place.socket)) return undefined;
      return { ...place, status, report: undefined, latencies: noLatencies };
    }
  }

  async #ask(place: StreamPlace, waitMs: number): Promise<Sighting> {
    const observed = this.#observers.get(place.socket) ?? new Observed(place);
    this.#observers.set(place.socket, observed);
    try {
      return await observed.look(waitMs);
    } catch (error) {
      observed.observer.close();
      this.#observers.delete(place.socket);
      throw error;
    }
  }
}

/** A stream that is watched, and what it said last. */
class Observed {
  readonly place: StreamPlace;
  readonly observer: StreamObserver;
  #report: StreamReport | undefined;

  constructor(place: StreamPlace) {
    this.place = place;
    this.observer = new StreamObserver(place);
  }

  async look(waitMs: number): Promise<Sighting> {
    const { place, observer } = this;
    const until = performance.now() + waitMs;
    const latencies = new Map<bigint, LatencyHistograms>();
    try {
      // One that already keeps us waiting does not hold up the others again.
      this.#report = await observer.ask(observer.waitedMs > 0 ? 0 : waitMs);
      for (const { id } of this.#report.connections) {
        latencies.set(id, await observer.askLatency(id, Math.max(0, until - performance.now())));
      }
    } catch (error) {
      if (codeOf(error) !== "ERR_TIMEOUT") throw error;
    }
    const status = observer.waitedMs < answerMs ? "alive" : "silent";
    return { ...place, status, report: this.#report, latencies };
  }
}
