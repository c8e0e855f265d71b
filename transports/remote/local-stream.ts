/** A stream of this process without a name: where the two halves of a connection over a link meet. */
import type { NativeProducerOptions, NativeStream } from "../../native/binding.ts";
import type { NativeHost } from "./host.ts";

export function makeLocalStream(host: NativeHost): NativeStream {
  return host.binding.createStream({ socketMode: 0o600, socketGroup: -1, strict: false, handshakesPerSecond: 0 });
}

/** What the other end asked of its producer was judged there; here anything goes. */
export const relayProducer: Omit<NativeProducerOptions, "format"> = {
  accept: {
    whenFullMask: 0b111,
    maxWaitCapacity: 0,
    maxHeld: 0,
    maxConsumers: 0,
    maxSlots: 0,
    maxWaitMs: -1,
    maxPoolBytes: 0,
    maxHoldMs: 0,
    onHeldTooLong: 0,
    idleMs: 0,
  },
  maxWriting: 1,
  waitWithoutConsumer: false,
  unprotected: false,
  supportReset: true,
  slots: 0,
};
