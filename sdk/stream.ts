/** A stream as one process sees it: its endpoints here, how it is reached, and the order in which things close. */
import { EventEmitter } from "node:events";
import type { NativeConsumer, NativeEvent, NativeProducer } from "../native/binding.ts";
import { EventKind } from "../native/binding.ts";
import { Announcer } from "./announcer.ts";
import { initialAttributes, queryAttribute, setAttribute } from "./attributes.ts";
import {
  attachGraceMs,
  checkConsumerOptions,
  checkProducerOptions,
  checkWaitOptions,
  defaults,
  mergeModeOptions,
} from "./base/config.ts";
import { StreamError } from "./base/errors.ts";
import { streamEventNames } from "./base/event-names.ts";
import type { StreamStats } from "./base/stats-types.ts";
import type {
  ConsumerOptions,
  CreateStreamOptions,
  DroppedEvent,
  ProducerOptions,
  RefusedEvent,
  SettableAttribute,
  StateChange,
  StreamAttributes,
  StreamEvents,
  StreamInfo,
  StreamMetadata,
  StreamObserver,
  StreamState,
  Via,
  WaitOptions,
  WaitStrategy,
} from "./base/types.ts";
import type { BindingHost } from "./binding-host.ts";
import { Consumer } from "./consumer.ts";
import { onFirstListener } from "./first-listener.ts";
import { errorCode } from "./flow.ts";
import type { KeepAlive } from "./keep-alive.ts";
import { Producer } from "./producer.ts";
import { StreamAttributeOwner } from "./stream-attributes.ts";
import type { Comeback } from "./supervise.ts";

/** How this process got at the stream; see create-stream.ts and open-stream.ts. @internal */
export interface StreamSource {
  readonly name: string | undefined;
  readonly via: Via;
  readonly strict: boolean;
  /** How its consumers wait, unless one says otherwise. */
  readonly wait: WaitStrategy | undefined;
  /** Options of the stream; a connection may override those of its mode. */
  readonly modeOptions: CreateStreamOptions;
  /** Number of the native object whose events are this stream's, if it has one. */
  readonly object: number | undefined;
  readonly observer: StreamObserver | undefined;
  /** Resolves when peers over the network have what was posted before. undefined: there are none. */
  flush(): Promise<void> | undefined;
  /** Where others find it over the network. */
  readonly addresses: readonly string[];
  /** Held while the stream listens. */
  readonly keepAlive: KeepAlive;
  connectProducer(options: ProducerOptions): Promise<NativeProducer>;
  connectConsumer(options: ConsumerOptions, wait: WaitOptions): Promise<NativeConsumer>;
  /** Asks the producer, which is elsewhere. */
  info(wait: WaitOptions): Promise<StreamInfo>;
  /** How to get the next connection after the producer's end, where that makes sense. */
  comeback(options: ConsumerOptions): Comeback | undefined;
  close(): void;
}

/** Most advanced first. */
const byAdvance: readonly StreamState[] = [
  "old-frame-available",
  "new-frame-available",
  "empty",
  "connecting",
  "created",
  "initializing",
];

/**
 * Made by `createStream` or `openStream`.
 *
 * Events: those of its producer, `refused` also while there is none, and `statechange` of every connection it knows.
 * @example
 * const stream = await createStream({ name: "cam1", frame: { format: "NV12", width: 1920, height: 1080 } });
 * const producer = await stream.connectProducer();
 * await producer.push(picture);
 * await stream.close();
 */
export class Stream extends EventEmitter<StreamEvents> implements AsyncDisposable {
  readonly name: string | undefined;
  /** How this stream is reached, and why so. */
  readonly via: Via;
  readonly #host: BindingHost;
  readonly #source: StreamSource;
  readonly #consumers = new Set<Consumer>();
  readonly #announcer: Announcer;
  readonly #attributes: StreamAttributeOwner;
  #statesWatched = false;
  #producer: Producer | undefined;
  #referenced = true;
  #closed = false;
  #closing: Promise<void> | undefined;

  /** @internal */
  constructor(host: BindingHost, source: StreamSource) {
    super();
    this.#host = host;
    this.#source = source;
    this.name = source.name;
    this.via = source.via;
    if (source.object !== undefined) {
      host.register(source.object, { onWake: () => {}, onEvent: (event) => this.#onEvent(event) });
    }
    this.#announcer = new Announcer(this as EventEmitter, source.name, source.observer);
    this.#attributes = new StreamAttributeOwner(initialAttributes(source.modeOptions, source.object !== undefined), {
      mustBeOpen: () => this.#mustBeOpen(),
      state: () => this.state,
      producer: () => this.#producer,
      consumers: () => [...this.#consumers],
    });
    onFirstListener(this as EventEmitter, "statechange", () => this.#watchStates());
    onFirstListener(this as EventEmitter, "dropped", () => this.#watchDrops());
  }

  /**
   * A summary: the producer's when it is here, else the most advanced connection's; `created` when there is none,
   * `disconnected` once closed, or strict and over. Not bound to the transition rules that hold for each connection.
   */
  get state(): StreamState {
    if (this.#closed) return "disconnected";
    if (this.#producer !== undefined && !this.#producer.closed) return this.#producer.state;
    const states = new Set([...this.#consumers].map((consumer) => consumer.state));
    if (this.#source.strict && states.has("disconnected")) return "disconnected"; // it ends with either end
    return byAdvance.find((state) => states.has(state)) ?? "created";
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Where others find it over the network, with the ports in the end, such as `tcp://0.0.0.0:8888/cam1`. */
  get addresses(): readonly string[] {
    return this.#source.addresses;
  }

  /**
   * Becomes the stream's producer. Consumers that connected before are `empty` when this resolves (one that hangs in
   * its hand-shake is not waited for longer than a second).
   * @throws StreamError ERR_BAD_PARAMETER; ERR_RESOURCE_BUSY: there is one; ERR_BAD_STATE: strict, and no consumer
   *   yet; ERR_TIMEOUT, ERR_ABORTED; ERR_BAD_STREAM: closed
   */
  async connectProducer(options?: ProducerOptions): Promise<Producer> {
    const checked = checkProducerOptions(options);
    this.#mustBeOpen();
    const native = await this.#source.connectProducer(checked);
    if (this.#closed) {
      native.close();
      this.#mustBeOpen();
    }
    if (this.#announcer.wants("statechange")) this.#watchStates();
    const onClosed = () => {
      if (this.#producer === producer) this.#producer = undefined;
    };
    const producer: Producer = new Producer(
      this.#host,
      native,
      { onClosed, flush: () => this.#source.flush() },
      this.name,
    );
    this.#producer = producer;
    if (!this.#referenced) producer.unref();
    const { onDrop, supportReset = defaults.supportReset } = { ...this.#source.modeOptions, ...checked };
    if (onDrop !== undefined) producer.on("dropped", onDrop);
    this.#attributes.initial = { ...this.#attributes.initial, supportReset };
    this.#forwardEvents(producer);
    await producer.settled({ timeoutMs: attachGraceMs });
    return producer;
  }

  /**
   * Attaches one more consumer, with the stream's mode or its own. Resolves when the producer's side has answered:
   * `connecting` while there is no producer, else further.
   * @throws StreamError ERR_REFUSED, ERR_BAD_MATCH: the producer says no, with its reason; ERR_BAD_PARAMETER;
   *   ERR_CLOSED: the stream has ended; ERR_NOT_FOUND, ERR_TIMEOUT, ERR_ABORTED; ERR_BAD_STREAM: closed
   */
  async connectConsumer(options?: ConsumerOptions): Promise<Consumer> {
    const checked = checkConsumerOptions(options, this.#source.modeOptions);
    this.#mustBeOpen();
    const { timeoutMs, signal, ...own } = checked;
    const wait = { ...(timeoutMs === undefined ? {} : { timeoutMs }), ...(signal === undefined ? {} : { signal }) };
    const native = await this.#source.connectConsumer(own, wait);
    if (this.#closed) {
      native.close();
      this.#mustBeOpen();
    }
    if (this.#announcer.wants("statechange")) this.#watchStates();
    const consumer: Consumer = new Consumer(this.#host, native, {
      strict: this.#source.strict,
      wait: own.wait ?? this.#source.wait ?? defaults.wait,
      comeback: this.#source.comeback(own),
      initial: this.#attributes.initialFor(mergeModeOptions(this.#source.modeOptions, own)),
      settings: this.#attributes.inherited,
      info: (options) => this.info(options),
      onClosed: () => this.#consumers.delete(consumer),
    });
    this.#consumers.add(consumer);
    consumer.on("info", (told) => this.#fromConsumerInfo(consumer, told));
    if (!this.#referenced) consumer.unref();
    if (this.#statesWatched) consumer.on("statechange", this.#fromConsumer);
    // With both ends here, what is posted after this line reaches the newcomer.
    await this.#producer?.settled({ timeoutMs: attachGraceMs });
    return consumer;
  }

  /**
   * What the producer tells about the stream (`producer.updateInfo`), and what is measured of it. The producer is asked
   * where it is; one in another process answers from its event loop.
   * @param options `timeoutMs`: 1000 unless given
   * @throws StreamError ERR_TIMEOUT, ERR_ABORTED: no answer; ERR_BAD_STATE: nobody outside can be its producer, and
   *   there is none here; ERR_NOT_FOUND, ERR_CLOSED: the stream is gone; ERR_BAD_STREAM: closed
   */
  async info(options: WaitOptions = {}): Promise<StreamInfo> {
    checkWaitOptions(options);
    this.#mustBeOpen();
    return this.#producer?.info() ?? this.#source.info(options);
  }

  /**
   * An attribute by EGL's name. In every state, also `disconnected`. Those of a consumer are its only consumer's.
   * @throws StreamError ERR_BAD_ATTRIBUTE: there is none of that name; ERR_BAD_MATCH: it is a consumer's, and this
   *   process has several; ERR_BAD_STREAM: closed
   */
  query<Name extends keyof StreamAttributes>(name: Name): StreamAttributes[Name] {
    return queryAttribute(this.#attributes, name);
  }

  /**
   * Sets an attribute by EGL's name, for its consumers of this process and those that connect later.
   * @throws StreamError ERR_BAD_ATTRIBUTE: there is none of that name; ERR_BAD_ACCESS: it can only be queried;
   *   ERR_BAD_STATE: disconnected; ERR_BAD_PARAMETER: out of range; ERR_BAD_STREAM: closed
   */
  set(name: SettableAttribute, value: number): void {
    setAttribute(this.#attributes, name, value);
  }

  /** Counters of the endpoints that this process has. */
  stats(): StreamStats {
    return {
      name: this.name,
      state: this.state,
      producer: this.#producer?.stats(),
      consumers: [...this.#consumers].map((consumer) => consumer.stats()),
    };
  }

  /** Cancels now: every waiter of this stream wakes. With the producer here, consumers end with cause `stopped`. */
  stop(): void {
    if (this.#closed) return;
    if (this.#producer !== undefined) this.#producer.stop();
    else for (const consumer of this.#consumers) void consumer.close(); // its leases end on their own time
  }

  /**
   * As the producer's `reset()`: empties the stream without ending it.
   * @throws StreamError ERR_BAD_ACCESS: the producer is elsewhere, or the stream has no `supportReset`; ERR_BAD_STATE:
   *   there is no producer, or its input is closed; ERR_BAD_STREAM: closed
   */
  reset(): void {
    this.#mustBeOpen();
    if (this.#producer === undefined) {
      const isOurs = this.#source.object !== undefined;
      if (isOurs) throw new StreamError("ERR_BAD_STATE", "reset: the stream has no producer here");
      throw new StreamError("ERR_BAD_ACCESS", "reset: only the producer's side may do that, and it is elsewhere");
    }
    this.#producer.reset();
  }

  /** Closes the endpoints that this process has, then gives up the name. Safe to call again. */
  close(): Promise<void> {
    if (!this.#closed) this.#closing = this.#close();
    return this.#closing ?? Promise.resolve(); // a listener, called by the close, may call it again
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Listening, and pending waits of its endpoints, keep the process alive (the default). */
  ref(): this {
    this.#setReferenced(true);
    return this;
  }

  /** Neither listening nor pending waits keep the process alive. */
  unref(): this {
    this.#setReferenced(false);
    return this;
  }

  async #close(): Promise<void> {
    this.#closed = true;
    const producer = this.#producer;
    const consumers = [...this.#consumers];
    // The producer first: its consumers, here and elsewhere, learn the cause from it and not from a closed socket.
    await producer?.close();
    if (this.#source.object !== undefined) this.#host.unregister(this.#source.object);
    this.#source.close();
    await Promise.all(consumers.map((consumer) => consumer.close()));
  }

  #setReferenced(referenced: boolean): void {
    this.#referenced = referenced;
    const parts = [this.#source.keepAlive, ...(this.#producer ? [this.#producer] : []), ...this.#consumers];
    for (const part of parts) referenced ? part.ref() : part.unref();
  }

  #mustBeOpen(): void {
    if (this.#closed) throw new StreamError("ERR_BAD_STREAM", "the stream is closed; create or open it again");
  }

  #forwardEvents(producer: Producer): void {
    for (const name of streamEventNames) {
      if (name === "statechange" || name === "dropped") continue;
      (producer as EventEmitter).on(name, (event) => this.#announcer.tell(name, event));
    }
    if (this.#statesWatched) producer.on("statechange", this.#fromProducer);
    if (this.#announcer.wants("dropped") || this.listenerCount("dropped") > 0) this.#watchDrops();
  }

  /** The core tells of drops only while its producer has a listener. */
  #watchDrops(): void {
    const producer = this.#producer;
    if (producer?.listeners("dropped").includes(this.#fromDrops) === false) producer.on("dropped", this.#fromDrops);
  }

  /** Looking at states costs a call per frame, so endpoints do it only where someone wants to know. */
  #watchStates(): void {
    if (this.#statesWatched) return;
    this.#statesWatched = true;
    this.#producer?.on("statechange", this.#fromProducer);
    for (const consumer of this.#consumers) consumer.on("statechange", this.#fromConsumer);
  }

  /** With several consumers here, and with the producer, it is told once. */
  #fromConsumerInfo(consumer: Consumer, told: StreamMetadata): void {
    const first = [...this.#consumers].find(({ state }) => state !== "disconnected");
    if (this.#producer === undefined && consumer === first) this.#announcer.tell("info", told);
  }

  readonly #fromDrops = (event: DroppedEvent): void => {
    this.#announcer.tell("dropped", event);
  };

  readonly #fromConsumer = (change: StateChange): void => {
    this.#announcer.tell("statechange", change);
  };

  /** Both ends of a connection may be here; it is told once, as its consumer sees it. */
  readonly #fromProducer = (change: StateChange): void => {
    const isOurs = [...this.#consumers].some((consumer) => consumer.connection === change.connection);
    if (!isOurs) this.#announcer.tell("statechange", change);
  };

  #onEvent(event: NativeEvent): void {
    if (event.kind === EventKind.refused) this.tellRefused({ code: errorCode(event.code), reason: event.text });
  }

  /** Of this process. @internal */
  get hasProducer(): boolean {
    return this.#producer !== undefined && !this.#producer.closed;
  }

  /** @internal */
  flushLinks(): Promise<void> | undefined {
    return this.#source.flush();
  }

  /** @internal */
  tellRefused(event: RefusedEvent): void {
    this.#announcer.tell("refused", event);
  }
}
