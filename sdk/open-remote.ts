/** openStream for a stream of another host. */
import type { NativeConsumer, NativeProducer } from "../native/binding.ts";
import { dialTo } from "../transports/network.ts";
import { type HostPort, type RemoteAddress, showHostPort } from "../transports/remote/address.ts";
import type { Dial } from "../transports/remote/link.ts";
import { listRemote } from "../transports/remote/observe.ts";
import { openRemoteConsumer } from "../transports/remote/open-consumer.ts";
import { openRemoteProducer } from "../transports/remote/open-producer.ts";
import { defaults, mergeModeOptions } from "./base/config.ts";
import { StreamError } from "./base/errors.ts";
import { formatMask } from "./base/format.ts";
import { networkDefaults } from "./base/network-config.ts";
import { reconnectWithDefaults } from "./base/reconnect.ts";
import type {
  ConsumerOptions,
  ModeOptions,
  NegotiatedAttributes,
  OpenStreamOptions,
  ProducerOptions,
  StreamInfo,
  UserInfo,
  Via,
  WaitOptions,
} from "./base/types.ts";
import type { BindingHost } from "./binding-host.ts";
import { settleConsumer, whenThere } from "./connect.ts";
import { KeepAlive } from "./keep-alive.ts";
import { toNativePolicy, toNativeProducerOptions } from "./native-options.ts";
import { Stream, type StreamSource } from "./stream.ts";
import { type Comeback, pausesMs } from "./supervise.ts";

/** An attempt gets at least so long, also when it is the last: an answer takes a round trip or three. */
const attemptMsMin = 1000;

/** What both ends know about the way there. */
export interface Way {
  dial: Dial;
  token: string;
  idleMs: number;
  handshakeMs: number;
}

export function wayTo(address: HostPort, options: OpenStreamOptions): Way {
  const connectTimeoutMs = options.connectTimeoutMs ?? networkDefaults.connectTimeoutMs;
  return {
    dial: dialTo(address, { connectTimeoutMs, tls: options.tls }),
    token: options.token ?? process.env["EDGESTREAM_TOKEN"] ?? "",
    idleMs: options.idleTimeoutMs ?? networkDefaults.idleTimeoutMs,
    handshakeMs: connectTimeoutMs,
  };
}

/** `why` it is looked for there. */
function viaOf(address: RemoteAddress, why = `the address names ${showHostPort(address)}`): Via {
  const reason = `${why}, so frames are sent over the network and received into memory of this host`;
  return { transport: address.carrier, memory: "host", reason };
}

/** @throws StreamError as openStream; ERR_BAD_ACCESS: the token, or TLS */
export async function openRemoteStream(
  host: BindingHost,
  address: RemoteAddress,
  options: OpenStreamOptions,
): Promise<Stream> {
  const source = new RemoteSource(host, address, options);
  await keptAlive(
    host,
    whenThere(address.name, (left) => source.info(left), waitOf(options)),
  );
  return new Stream(host, source);
}

/** How this process gets at a stream of another host. */
export class RemoteSource implements StreamSource {
  readonly name: string;
  readonly via: Via;
  readonly strict = false;
  readonly wait: StreamSource["wait"];
  readonly modeOptions: OpenStreamOptions;
  readonly observer: StreamSource["observer"];
  readonly object = undefined;
  readonly addresses: readonly string[] = [];
  readonly keepAlive: KeepAlive;
  readonly #host: BindingHost;
  readonly #address: RemoteAddress;
  readonly #way: Way;
  readonly #options: OpenStreamOptions;
  #flush: (() => Promise<void>) | undefined;

  constructor(host: BindingHost, address: RemoteAddress, options: OpenStreamOptions, why?: string) {
    this.name = address.name;
    this.via = viaOf(address, why);
    this.wait = options.wait;
    this.modeOptions = options;
    this.observer = options.observer;
    this.keepAlive = new KeepAlive(host.loop);
    this.#host = host;
    this.#address = address;
    this.#way = wayTo(address, options);
    this.#options = options;
  }

  connectConsumer(own: ConsumerOptions, wait: WaitOptions): Promise<NativeConsumer> {
    return this.#whenThere((left) => this.#consume(own, left), wait);
  }

  connectProducer(own: ProducerOptions): Promise<NativeProducer> {
    return this.#whenThere((left) => this.#produce(own, left), waitOf(own));
  }

  async info(wait: WaitOptions): Promise<StreamInfo> {
    const request = { ...this.#handshake(wait), stream: this.name, now: () => this.#host.binding.now() };
    const [info] = await keptAlive(this.#host, listRemote(this.#way.dial, { ...request, token: this.#way.token }));
    if (info !== undefined) return info;
    throw new StreamError("ERR_NOT_FOUND", `there is no stream "${this.name}" at ${showHostPort(this.#address)}`);
  }

  comeback(own: ConsumerOptions): Comeback | undefined {
    const backoff = reconnectWithDefaults(own.reconnect ?? this.#options.reconnect);
    const reopen = (signal: AbortSignal) => this.#consume(own, { signal, timeoutMs: this.#way.handshakeMs });
    const whileAway = own.whileAway ?? this.#options.whileAway ?? defaults.whileAway;
    return backoff && { reopen, backoff, whileAway };
  }

  flush(): Promise<void> | undefined {
    return this.#flush?.();
  }

  close(): void {}

  /** What every hand-shake says. */
  #handshake({ timeoutMs = this.#way.handshakeMs, signal }: WaitOptions) {
    const ms = Math.min(this.#way.handshakeMs, Math.max(timeoutMs, attemptMsMin));
    return { stream: this.name, timeoutMs: ms, signal };
  }

  #identity(client = this.#options.client ?? programName()) {
    return { client, token: this.#way.token, idleMs: this.#way.idleMs };
  }

  async #consume(own: ConsumerOptions, wait: WaitOptions): Promise<NativeConsumer> {
    const consumer = await openRemoteConsumer(this.#host, this.#way.dial, {
      ...this.#handshake(wait),
      ...this.#identity(own.client),
      policy: toNativePolicy(agreedMode(this.#options, own), "ipc"),
      formatMask: formatMask(own.formats),
      userInfo: asText(own.userInfo),
      attributes: insists(this.#options, own),
      demand: this.#options.demand ?? false,
    });
    // One that clashed with the other end has ended before it began.
    const isOver = this.#host.state(consumer.state()) === "disconnected";
    if (!isOver) await settleConsumer(this.#host, consumer, wait);
    return consumer;
  }

  async #produce(own: ProducerOptions, wait: WaitOptions): Promise<NativeProducer> {
    const backoff = reconnectWithDefaults(this.#options.reconnect);
    const { producer, flush } = await openRemoteProducer(this.#host, this.#way.dial, {
      ...this.#handshake(wait),
      ...this.#identity(),
      options: toNativeProducerOptions({}, own),
      userInfo: asText(own.userInfo),
      attributes: this.#options.attributes,
      pausesMs: backoff && (() => pausesMs(backoff)),
    });
    this.#flush = flush;
    return producer;
  }

  /** The stream was there a moment ago; if it is gone, it gets as long to come back as it had to appear. */
  #whenThere<T>(open: (left: WaitOptions) => Promise<T>, wait: WaitOptions): Promise<T> {
    const { timeoutMs } = this.#options;
    const patient = wait.timeoutMs === undefined && timeoutMs !== undefined ? { ...wait, timeoutMs } : wait;
    return keptAlive(this.#host, whenThere(this.name, open, patient));
  }
}

/** Streams of a listener of another host, those that the token lets us see. */
export async function listRemoteStreams(
  host: BindingHost,
  place: HostPort,
  options: OpenStreamOptions,
): Promise<readonly StreamInfo[]> {
  const way = wayTo(place, options);
  const request = { stream: "", token: way.token, now: () => host.binding.now(), timeoutMs: way.handshakeMs };
  return keptAlive(host, listRemote(way.dial, { ...request, signal: options.signal }));
}

/** Sockets of this package do not keep a process alive; whoever awaits one does. */
async function keptAlive<T>(host: BindingHost, work: Promise<T>): Promise<T> {
  const keepAlive = new KeepAlive(host.loop);
  keepAlive.hold();
  try {
    return await work;
  } finally {
    keepAlive.drop();
  }
}

/** A mode that was named is meant; one that was not may be the listener's. */
function insists(options: OpenStreamOptions, own: ConsumerOptions): NegotiatedAttributes | undefined {
  const mode = own.mode ?? options.mode;
  const { fifoLength } = mergeModeOptions(options, own);
  const named = { ...(mode && { mode }), ...(fifoLength && { fifoLength }), ...options.attributes };
  return Object.keys(named).length === 0 ? undefined : named;
}

/** What was negotiated stands behind what was named. */
function agreedMode(options: OpenStreamOptions, own: ConsumerOptions): ModeOptions {
  const { mode, fifoLength } = options.attributes ?? {};
  const named = mergeModeOptions({ ...(mode && { mode }), ...options }, own);
  return { ...(fifoLength && { fifoLength }), ...named };
}

const asText = (info: UserInfo | undefined) => (info === undefined ? "" : JSON.stringify(info));
const programName = () => (process.argv[1] ?? "node").split("/").at(-1)?.slice(0, 63) ?? "node";

function waitOf(options: WaitOptions): WaitOptions {
  const { timeoutMs, signal } = options;
  return { ...(timeoutMs === undefined ? {} : { timeoutMs }), ...(signal === undefined ? {} : { signal }) };
}
