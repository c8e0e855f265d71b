/** Counters: the addon's snapshots in the words of the public API. */
import type { NativeConnectionInfo, NativeConsumerInfo, NativeProducerInfo } from "../native/binding.ts";
import type { ConnectionStats, ConsumerStats, LatencyLedger, ProducerStats, RemoteStats } from "./base/stats-types.ts";
import type { BindingHost } from "./binding-host.ts";
import type { EarlierLives } from "./earlier-lives.ts";
import { LatencyHistograms } from "./latency.ts";

/** es_latency as a native object gave it. */
type LatencyWords = BigUint64Array | undefined;

function toLedger(host: BindingHost, words: LatencyWords): LatencyLedger | undefined {
  return words && new LatencyHistograms(words).ledger(host.binding);
}

export function toConnectionStats(
  host: BindingHost,
  info: NativeConnectionInfo,
  latency: LatencyWords,
): ConnectionStats {
  return {
    id: info.id,
    mode: info.policy.label,
    state: host.state(info.state),
    client: info.client,
    previous: info.previous === 0n ? undefined : info.previous,
    consumerLatencyUsec: info.latencyUs,
    pid: info.pid,
    posted: info.posted,
    delivered: info.delivered,
    skipped: info.skipped,
    discarded: info.discarded,
    waiting: info.waiting,
    held: info.held,
    since: info.since,
    latency: toLedger(host, latency),
  };
}

export function toProducerStats(
  host: BindingHost,
  info: NativeProducerInfo,
  connections: readonly NativeConnectionInfo[],
  pause: { paused: boolean; droppedPaused: bigint },
  latencyOf: (connection: bigint) => LatencyWords,
): ProducerStats {
  return {
    epoch: info.epoch,
    frames: info.frames,
    noConsumer: info.noConsumer,
    ...pause,
    pool: { bytes: info.poolBytes, slots: info.slots, slotsFree: info.slotsFree, memoryObjects: info.memoryObjects },
    connections: connections.map((connection) => toConnectionStats(host, connection, latencyOf(connection.id))),
  };
}

export function toConsumerStats(
  host: BindingHost,
  info: NativeConsumerInfo,
  lives: EarlierLives,
  latency: LatencyWords,
  remote: RemoteStats | undefined,
): ConsumerStats {
  return {
    connection: info.connection,
    epoch: info.epoch,
    state: host.state(info.state),
    cause: host.cause(info.cause),
    mode: info.policy.label,
    posted: info.posted,
    delivered: info.delivered,
    skipped: info.skipped,
    discarded: info.discarded,
    waiting: info.waiting,
    held: info.held,
    reconnects: lives.reconnects,
    previous: lives.previous,
    missed: lives.missed,
    lifetime: lives.lifetime(info),
    latency: toLedger(host, latency),
    remote,
  };
}
