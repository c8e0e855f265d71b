/** The attributes of one consumer. */
import type { NativeConsumer, NativeMark } from "../native/binding.ts";
import { type AttributeOwner, type AttributeSettings, type InitialAttributes, noMark } from "./attributes.ts";
import { native, StreamError } from "./base/errors.ts";
import type { SettableAttribute } from "./base/info-types.ts";
import type { PendingFrame, StreamState, WaitOptions } from "./base/types.ts";

interface Attributed {
  readonly closed: boolean;
  readonly state: StreamState;
  peek(): PendingFrame | undefined;
}

export class ConsumerAttributes implements AttributeOwner {
  readonly initial: InitialAttributes;
  settings: Readonly<AttributeSettings>;
  readonly #consumer: Attributed;
  /** The newest connection's. */
  #native: NativeConsumer | undefined;

  constructor(initial: InitialAttributes, settings: Readonly<AttributeSettings>, consumer: Attributed) {
    this.initial = initial;
    this.settings = settings;
    this.#consumer = consumer;
  }

  mustBeOpen(): void {
    if (this.#consumer.closed) throw new StreamError("ERR_BAD_STREAM", "the consumer is closed", { reason: "closed" });
  }

  setting(name: SettableAttribute): number {
    return this.settings[name];
  }

  get state(): StreamState {
    return this.#consumer.state;
  }

  /** Another connection takes over; its producer has not heard of anything yet. */
  follow(consumer: NativeConsumer): void {
    this.#native = consumer;
    if (this.settings.consumerLatencyUsec !== 0) consumer.setLatency(this.settings.consumerLatencyUsec);
  }

  newest(): NativeMark {
    return this.#native === undefined ? noMark : this.#native.marks().newest;
  }

  acquired(): NativeMark {
    return this.#native === undefined ? noMark : this.#native.marks().acquired;
  }

  pending(): PendingFrame | undefined {
    return this.#consumer.peek();
  }

  change(changed: Partial<AttributeSettings>): void {
    this.settings = { ...this.settings, ...changed };
    const { consumerLatencyUsec } = changed;
    if (consumerLatencyUsec !== undefined) native(() => this.#native?.setLatency(consumerLatencyUsec));
  }

  /** How long an acquire waits. */
  limit(options: WaitOptions): WaitOptions {
    const usec = this.settings.consumerAcquireTimeoutUsec;
    return options.timeoutMs !== undefined || usec < 0 ? options : { ...options, timeoutMs: usec / 1000 };
  }
}
