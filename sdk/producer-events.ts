/** What the core says about a producer's connections, in the words of the public events. */
import { EventKind, type NativeEvent, type NativeProducer } from "../native/binding.ts";
import type { StreamEvents } from "./base/types.ts";
import type { BindingHost } from "./binding-host.ts";
import { errorCode } from "./flow.ts";
import { toConnectionStats } from "./stats.ts";

/** An event's name and what it carries. */
export type StreamEvent = { [Name in keyof StreamEvents]: [Name, ...StreamEvents[Name]] }[keyof StreamEvents];

/** Most say one thing; the end of an evicted connection says why first. */
export function toStreamEvents(host: BindingHost, producer: NativeProducer, event: NativeEvent): StreamEvent[] {
  const { connection, value } = event;
  switch (event.kind) {
    case EventKind.connected:
      return [["connected", { connection, previous: value === 0n ? undefined : value }]];
    case EventKind.disconnected: {
      const cause = host.cause(event.code);
      const last = producer.ended(connection);
      const stats = last === undefined ? undefined : toConnectionStats(host, last, undefined);
      const disconnected: StreamEvent = ["disconnected", { connection, cause, discarded: value, stats }];
      if (!cause.startsWith("evicted")) return [disconnected];
      return [["evicted", { connection, cause, reason: event.text, stats }], disconnected];
    }
    case EventKind.stalled:
      return [["stalled", { connection, waitedMs: Number(value) }]];
    case EventKind.recovered:
      return [["recovered", { connection, waitedMs: Number(value) }]];
    case EventKind.lagged:
      return [["lagged", { connection, skipped: value }]];
    case EventKind.heldTooLong:
      return [["heldTooLong", { connection, heldMs: Number(value), frames: event.code }]];
    case EventKind.refused:
      return [["refused", { code: errorCode(event.code), reason: event.text }]];
    default:
      return [];
  }
}
