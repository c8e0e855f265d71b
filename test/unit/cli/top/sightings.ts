/** Streams as an observer sees them, made up for tests of what `top` makes of them. */
import {
  latencyBuckets,
  type NativeConnectionInfo,
  type NativeProducerInfo,
  Step,
} from "../../../../native/binding.ts";
import { bindingHost } from "../../../../sdk/binding-host.ts";
import { TopModel } from "../../../../sdk/cli/top/model.ts";
import type { Sighting } from "../../../../sdk/cli/top/stream-watch.ts";
import { LatencyHistograms } from "../../../../sdk/latency.ts";

export const makeModel = () => new TopModel(bindingHost());

export const second = 1_000_000_000n;

const streamInfo = { text: "", frames: 0, bytes: 0, elapsed: 0 };

export function makeInfo(more: Partial<NativeProducerInfo> = {}): NativeProducerInfo {
  const format = {
    name: "NV12",
    width: 1920,
    height: 1080,
    size: 3_110_400,
    planes: [],
    timeBaseNum: 1,
    timeBaseDen: 30,
  };
  const pool = { poolBytes: 38_000_000n, slots: 12, slotsFree: 9, memoryObjects: 1 };
  return { epoch: 7n, frames: 0n, noConsumer: 0n, ...pool, layout: 1, connections: 0, state: 4, format, ...more };
}

export function makeConnection(more: Partial<NativeConnectionInfo> = {}): NativeConnectionInfo {
  const policy = { capacity: 4, whenFull: 0, pick: 0, onStall: 0, start: 0, onDisconnect: 1, noReuse: false } as const;
  const counters = { posted: 0n, delivered: 0n, skipped: 0n, discarded: 0n, waiting: 0n, held: 0n };
  return {
    ...{ id: 1n, state: 4, pid: 4711, uid: 1000, since: 0n, client: "recorder", latencyUs: 0 },
    previous: 0n,
    policy: { ...policy, maxHeld: 1, maxWaitMs: 5000, maxLag: 0, maxLagTotal: 0, label: "fifo" },
    ...counters,
    ...more,
  };
}

/** Histograms of frames that all took `us` at every step. */
export function makeHistograms(frames: bigint, us: number): LatencyHistograms {
  const words = new BigUint64Array(Step.count * latencyBuckets + Step.count);
  const ns = us * 1000;
  const power = Math.floor(Math.log2(ns));
  const bucket = 1 + 8 * (power - 7) + Math.floor((ns / 2 ** power - 1) * 8);
  for (let step = 0; step < Step.count; step += 1) {
    words[step * latencyBuckets + bucket] = frames;
    words[Step.count * latencyBuckets + step] = BigInt(ns);
  }
  return new LatencyHistograms(words);
}

export interface Seen extends Partial<Omit<Sighting, "report">> {
  at?: bigint;
  info?: Partial<NativeProducerInfo>;
  connections?: Partial<NativeConnectionInfo>[];
}

/** A look at a stream `at` seconds. Without connections and info it is one that answers nothing. */
export function sighting(seen: Seen = {}): Sighting {
  const name = seen.name ?? "cam1";
  const connections = (seen.connections ?? []).map(makeConnection);
  const report =
    seen.info || seen.connections
      ? {
          info: makeInfo({ connections: connections.length, ...seen.info }),
          connections,
          streamInfo,
          at: seen.at ?? 0n,
        }
      : undefined;
  const directory = seen.directory ?? "/run/edgestream";
  return {
    name,
    directory,
    socket: `${directory}/${name}.sock`,
    status: seen.status ?? "alive",
    report,
    latencies: seen.latencies ?? new Map(),
  };
}
