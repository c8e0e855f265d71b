/** A stream of this process as it is offered to peers. */
import type {
  NativeConsumer,
  NativeConsumerOptions,
  NativeFormatSpec,
  NativePolicy,
  NativeProducer,
} from "../../native/binding.ts";
import type { DisconnectCause, RefusedEvent, StreamInfo } from "../../sdk/base/types.ts";
import type { WireAttributes, WireMessage } from "../wire/index.ts";
import type { Access } from "./access.ts";

export type FrameHead = Extract<WireMessage, { type: "frame" }>;

/** Who posts what a peer produces. */
export interface Publication {
  /** The producer for frames of this format. */
  openProducer(format: NativeFormatSpec): NativeProducer;
  /** One of the peer's frames is posted. */
  posted?(head: FrameHead): void;
  /** The peer sends no more; with the cause that it gave, if it said goodbye. */
  closeProducer(producer: NativeProducer, cause: DisconnectCause | undefined): void;
}

export interface Offer extends Publication {
  readonly name: string;
  readonly access: Access;
  /** What this side insists on. */
  readonly attributes: WireAttributes | undefined;
  /** A peer is lost after so long without a byte, ms; 0: never. */
  readonly idleMs: number;
  /** The longest that a peer's full queue may hold up the producer, ms; -1: for ever. */
  readonly maxWaitMs: number;
  /** What is asked of a producer that connects from elsewhere. */
  readonly policy: NativePolicy;
  /** Those who consume it over the network now. */
  readonly seats: Set<{ flush(): Promise<void> }>;
  /** The peer that produces for it now. */
  publisher: { close(reason: string): void } | undefined;
  /** There is a producer already. */
  hasProducer(): boolean;
  connectConsumer(options: NativeConsumerOptions): NativeConsumer;
  info(): Promise<StreamInfo>;
  /** Somebody was turned away. */
  refused(event: RefusedEvent): void;
}
