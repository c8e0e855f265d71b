/** What is known of all streams at one moment: the newest reports, and what became of the counters since the last. */
import type { NativeConnectionInfo, NativeProducerInfo } from "../../../native/binding.ts";
import type { LatencyLedger } from "../../base/stats-types.ts";
import type { StreamState } from "../../base/types.ts";
import type { BindingHost } from "../../binding-host.ts";
import type { StreamReport, StreamStatus } from "../stream-observer.ts";
import { LatencyTrack } from "./latency-track.ts";
import { RateTrack } from "./rate.ts";
import type { Sighting } from "./stream-watch.ts";

export interface ConnectionRow {
  /** Of this connection in this life of its stream, and of no other. */
  key: string;
  info: NativeConnectionInfo;
  state: StreamState;
  /** Frames per second that it takes; undefined until there are two reports. */
  fps: number | undefined;
  history: readonly (number | undefined)[];
  /** Of the frames of the last interval; the longest times are those of its whole life. */
  latency: LatencyLedger | undefined;
}

export interface StreamRow {
  /** Path of the socket. */
  key: string;
  name: string;
  directory: string;
  status: StreamStatus;
  info: NativeProducerInfo | undefined;
  state: StreamState | undefined;
  /** Frames per second that the producer posts. */
  fps: number | undefined;
  history: readonly (number | undefined)[];
  /** The largest p99 from posted to acquired of its connections, in µs. */
  worstLatencyUs: number | undefined;
  connections: readonly ConnectionRow[];
}

export class TopModel {
  readonly #tracks = new Map<string, StreamTrack>();
  readonly #host: BindingHost;

  constructor(host: BindingHost) {
    this.#host = host;
  }

  /** Takes in one look. The rows are the caller's to keep: a later look makes new ones. */
  update(sightings: readonly Sighting[]): StreamRow[] {
    const present = new Set(sightings.map(({ socket }) => socket));
    for (const socket of this.#tracks.keys()) {
      if (!present.has(socket)) this.#tracks.delete(socket);
    }
    return sightings.map((sighting) => {
      const track = this.#tracks.get(sighting.socket) ?? new StreamTrack(this.#host);
      this.#tracks.set(sighting.socket, track);
      return track.update(sighting);
    });
  }
}

/** One name through all its lives. */
class StreamTrack {
  readonly #frames = new RateTrack();
  readonly #connections = new Map<bigint, ConnectionTrack>();
  readonly #host: BindingHost;
  #epoch: bigint | undefined;

  constructor(host: BindingHost) {
    this.#host = host;
  }

  update(sighting: Sighting): StreamRow {
    const { socket: key, name, directory, status, report } = sighting;
    const known = { key, name, directory, status };
    if (!report) {
      this.#frames.miss();
      this.#connections.clear();
      return { ...known, ...nothing, history: this.#frames.history() };
    }
    if (status === "alive") this.#read(report, sighting.latencies);
    else this.#miss();
    const connections = report.connections.map((info) => this.#connection(report.info.epoch, info));
    return {
      ...known,
      info: report.info,
      state: this.#host.state(report.info.state),
      fps: this.#frames.perSecond,
      history: this.#frames.history(),
      worstLatencyUs: largest(connections.map(({ latency }) => latency?.deliver.p99Us)),
      connections,
    };
  }

  #read(report: StreamReport, latencies: Sighting["latencies"]): void {
    const { epoch, frames } = report.info;
    // A new life counts from zero, and its connections are others under the same numbers.
    if (epoch !== this.#epoch) {
      this.#frames.restart();
      this.#connections.clear();
    }
    this.#epoch = epoch;
    this.#frames.push(report.at, frames);
    const present = new Set(report.connections.map(({ id }) => id));
    for (const id of this.#connections.keys()) {
      if (!present.has(id)) this.#connections.delete(id);
    }
    for (const { id, delivered } of report.connections) {
      const track = this.#connections.get(id) ?? new ConnectionTrack();
      this.#connections.set(id, track);
      track.frames.push(report.at, delivered);
      const histograms = latencies.get(id);
      if (histograms) track.latency.push(report.at, histograms);
    }
  }

  #miss(): void {
    this.#frames.miss();
    for (const track of this.#connections.values()) track.miss();
  }

  #connection(epoch: bigint, info: NativeConnectionInfo): ConnectionRow {
    const track = this.#connections.get(info.id);
    return {
      key: `${epoch}:${info.id}`,
      info,
      state: this.#host.state(info.state),
      fps: track?.frames.perSecond,
      history: track?.frames.history() ?? [],
      latency: track?.latency.ledger(this.#host.binding),
    };
  }
}

class ConnectionTrack {
  readonly frames = new RateTrack();
  readonly latency = new LatencyTrack();

  miss(): void {
    this.frames.miss();
    this.latency.miss();
  }
}

const nothing = { info: undefined, state: undefined, fps: undefined, worstLatencyUs: undefined, connections: [] };

function largest(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}
