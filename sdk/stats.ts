/** Counters: the addon's snapshots in the words of the public API. */
import type { NativeConnectionInfo, NativeConsumerInfo, NativeProducerInfo } from "../native/binding.ts";
import type { ConnectionStats, ConsumerStats, ProducerStats } from "./base/types.ts";
import type { BindingHost } from "./binding-host.ts";

export function toConnectionStats(host: BindingHost, info: NativeConnectionInfo): ConnectionStats {
  return {
    id: info.id,
    mode: info.policy.label,
    state: host.state(info.state),
    client: info.client,
    pid: info.pid,
    posted: info.posted,
    delivered: info.delivered,
    skipped: info.skipped,
    discarded: info.discarded,
    waiting: info.waiting,
    held: info.held,
    since: info.since,
  };
}

export function toProducerStats(
  host: BindingHost,
  info: NativeProducerInfo,
  connections: readonly NativeConnectionInfo[],
): ProducerStats {
  return {
    epoch: info.epoch,
    frames: info.frames,
    noConsumer: info.noConsumer,
    pool: { bytes: info.poolBytes, slots: info.slots, slotsFree: info.slotsFree, memoryObjects: info.memoryObjects },
    connections: connections.map((connection) => toConnectionStats(host, connection)),
  };
}

export function toConsumerStats(host: BindingHost, info: NativeConsumerInfo, reconnects: number): ConsumerStats {
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
    reconnects,
  };
}
