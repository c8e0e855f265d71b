/** The attributes of a stream: its producer's and its only consumer's, as far as they are in this process. */
import type { NativeMark } from "../native/binding.ts";
import {
  type AttributeOwner,
  type AttributeSettings,
  defaultSettings,
  type InitialAttributes,
  initialAttributes,
  noMark,
} from "./attributes.ts";
import { StreamError } from "./base/errors.ts";
import type { SettableAttribute } from "./base/info-types.ts";
import type { ModeOptions, PendingFrame, StreamState } from "./base/types.ts";
import type { Consumer } from "./consumer.ts";
import type { Producer } from "./producer.ts";

interface StreamEnds {
  mustBeOpen(): void;
  state(): StreamState;
  producer(): Producer | undefined;
  consumers(): readonly Consumer[];
}

export class StreamAttributeOwner implements AttributeOwner {
  initial: InitialAttributes;
  readonly #ends: StreamEnds;
  /** What a consumer that comes later begins with. */
  #settings: Readonly<AttributeSettings> = defaultSettings;

  constructor(initial: InitialAttributes, ends: StreamEnds) {
    this.initial = initial;
    this.#ends = ends;
  }

  mustBeOpen(): void {
    this.#ends.mustBeOpen();
  }

  get state(): StreamState {
    return this.#ends.state();
  }

  /** Consumers elsewhere have told the producer their latency. */
  setting(name: SettableAttribute): number {
    const latencies = name === "consumerLatencyUsec" ? (this.#ends.producer()?.consumerLatencies() ?? []) : [];
    if (latencies.length > 0) return Math.max(...latencies);
    return (this.#consumer()?.attributes.settings ?? this.#settings)[name];
  }

  /** Of a consumer with these options. */
  initialFor(options: ModeOptions): InitialAttributes {
    const { streamFifoLength, supportReuse } = initialAttributes(options, false);
    return { ...this.initial, streamFifoLength, supportReuse };
  }

  /** For a consumer that connects now. */
  get inherited(): Readonly<AttributeSettings> {
    return this.#settings;
  }

  newest(): NativeMark {
    return this.#ends.producer()?.newestMark() ?? this.#consumer()?.attributes.newest() ?? noMark;
  }

  acquired(): NativeMark {
    return this.#consumer()?.attributes.acquired() ?? noMark;
  }

  pending(): PendingFrame | undefined {
    return this.#consumer()?.peek();
  }

  /** Those that are here, and those that come. */
  change(changed: Partial<AttributeSettings>): void {
    this.#settings = { ...this.#settings, ...changed };
    for (const consumer of this.#ends.consumers()) consumer.attributes.change(changed);
  }

  #consumer(): Consumer | undefined {
    const [first, ...others] = this.#ends.consumers();
    if (others.length === 0) return first;
    throw new StreamError("ERR_BAD_MATCH", "the stream has several consumers here; ask one of them");
  }
}
