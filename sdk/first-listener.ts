/** Work that is done only while someone listens needs to know when the first listener comes. */
import type { EventEmitter } from "node:events";

/** Calls back each time `event` goes from no listener to one, before that listener is added. */
export function onFirstListener(emitter: EventEmitter, event: string, callback: () => void): void {
  emitter.on("newListener", (added: string | symbol) => {
    if (added === event && emitter.listenerCount(event) === 0) callback();
  });
}
