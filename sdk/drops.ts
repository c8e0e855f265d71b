/** Frames that a consumer does not get, told while someone listens. */
import type { EventEmitter } from "node:events";
import type { NativeEvent, NativeProducer } from "../native/binding.ts";
import type { DroppedEvent, DropReason } from "./base/types.ts";
import { onFirstListener } from "./first-listener.ts";

/** es_drop, from 1 up. */
const reasons: readonly DropReason[] = ["queue-full", "no-consumer", "paused"];

/** The core tells of drops only while `emitter` has a listener for them. */
export function watchDrops(emitter: EventEmitter, producer: NativeProducer, isOpen: () => boolean): void {
  onFirstListener(emitter, "dropped", () => {
    if (isOpen()) producer.watchDrops(true);
  });
  emitter.on("removeListener", (removed: string | symbol) => {
    if (removed === "dropped" && emitter.listenerCount("dropped") === 0 && isOpen()) producer.watchDrops(false);
  });
}

export function toDroppedEvent(event: NativeEvent, stream: string | undefined): DroppedEvent {
  return {
    number: event.value,
    reason: reasons[event.code - 1] as DropReason,
    connection: event.connection === 0n ? undefined : event.connection,
    stream,
    at: event.at,
  };
}
