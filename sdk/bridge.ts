/** createBridge: a stream of another host as a stream of this one. One link, and any number of local consumers. */
import { EventEmitter } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { parseRemoteAddress, type RemoteAddress, showHostPort } from "../transports/remote/address.ts";
import { openRelay, type Relay, type RelayRequest } from "../transports/remote/open-relay.ts";
import type { PeerEnd } from "../transports/remote/producer-seat.ts";
import { checkBridgeOptions } from "./base/bridge-config.ts";
import type { BridgeEvents, BridgeLink, BridgeOptions, BridgeState, BridgeStats } from "./base/bridge-types.ts";
import { StreamError } from "./base/errors.ts";
import { hopeless, pausesMs, reconnectWithDefaults } from "./base/reconnect.ts";
import type { CreateStreamOptions, DisconnectCause, ReconnectOptions, WaitOptions } from "./base/types.ts";
import { type BindingHost, bindingHost } from "./binding-host.ts";
import { BridgeCounters } from "./bridge-counters.ts";
import { BridgeProducer } from "./bridge-producer.ts";
import { type MadeStream, makeStream } from "./create-stream.ts";
import { emitAside } from "./emit-aside.ts";
import { aborted } from "./flow.ts";
import { toNativePolicy } from "./native-options.ts";
import { type Way, wayTo } from "./open-remote.ts";
import type { Stream } from "./stream.ts";

/**
 * Offers `tcp://host:8888/cam1` (`tls`, `ws`, `wss`) as a stream of this host, whose consumers share its memory without
 * a copy. The local stream is there at once; resolves when the remote one has answered. Afterwards the bridge looks for
 * the remote stream whenever it is lost, and its local consumers stay connected.
 * @throws StreamError ERR_RESOURCE_BUSY: a living process has the local name; ERR_NOT_FOUND: the remote stream was not
 *   there within `timeoutMs`; ERR_BAD_ACCESS: the token, or TLS; ERR_BAD_MATCH: clash of attributes; ERR_ABORTED;
 *   ERR_BAD_PARAMETER; as createStream
 * @example
 * await using bridge = await createBridge("tcp://192.0.2.7:8888/cam1", { token, name: "cam1" });
 */
export async function createBridge(address: string, options?: BridgeOptions): Promise<Bridge> {
  const bridge = await startBridge(address, options);
  try {
    await bridge.connected(options);
    return bridge;
  } catch (error) {
    await bridge.close();
    throw error;
  }
}

/** Does not wait for the remote stream. @internal */
export async function startBridge(address: string, options?: BridgeOptions): Promise<Bridge> {
  const remote = parseRemoteAddress(address);
  const checked = checkBridgeOptions(options);
  const local = { ...checked.local, name: checked.name ?? remote.name };
  return new Bridge(bindingHost(), remote, checked, local, await makeStream(local));
}

/** After these the remote side does not want this bridge back. */
const sentAway: ReadonlySet<DisconnectCause> = new Set(["evicted-request", "evicted-violation"]);

/**
 * Made by `createBridge`.
 *
 * Events: `connected`, `reconnected`, `disconnected`, `retry`.
 */
export class Bridge extends EventEmitter<BridgeEvents> implements AsyncDisposable {
  /** The local one. */
  readonly stream: Stream;
  /** Resolves after `close()`, and without `reconnect` at the remote stream's end; rejects when it cannot go on. */
  readonly ended: Promise<void>;
  readonly #host: BindingHost;
  readonly #address: RemoteAddress;
  readonly #way: Way;
  readonly #asked: Omit<RelayRequest, "signal">;
  readonly #backoff: Required<ReconnectOptions>;
  readonly #once: boolean;
  readonly #producer: BridgeProducer;
  readonly #counters = new BridgeCounters();
  readonly #stop = new AbortController();
  readonly #first: Promise<void>;
  #tellFirst: () => void = () => {};
  #relay: Relay | undefined;
  #links = 0;
  #lastError: Error | undefined;
  #closed = false;

  /** @internal */
  constructor(
    host: BindingHost,
    address: RemoteAddress,
    options: BridgeOptions,
    local: CreateStreamOptions,
    made: MadeStream,
  ) {
    super();
    this.stream = made.stream;
    this.#host = host;
    this.#address = address;
    this.#way = wayTo(address, options);
    this.#asked = {
      stream: address.name,
      policy: toNativePolicy(options, "ipc"),
      client: options.client ?? "edgestream bridge",
      token: this.#way.token,
      attributes: options.attributes,
      idleMs: this.#way.idleMs,
      timeoutMs: this.#way.handshakeMs,
    };
    this.#once = options.reconnect === false;
    this.#backoff = reconnectWithDefaults(options.reconnect || true) as Required<ReconnectOptions>;
    this.#producer = new BridgeProducer(host, made.native, local, (head) => this.#counters.add(head));
    this.#first = new Promise((resolve) => {
      this.#tellFirst = resolve;
    });
    this.ended = this.#live();
    this.ended.catch(() => {}); // who awaits it sees it
  }

  get state(): BridgeState {
    if (this.#closed) return "closed";
    return this.#relay === undefined ? "connecting" : "connected";
  }

  stats(): BridgeStats {
    const { frames, bytes, skipped, missed } = this.#counters;
    const relay = this.#relay;
    const clock = relay?.clock();
    const times = { roundTrip: clock?.roundTrip, clockOffset: clock?.offset, clockError: clock?.error };
    const link = relay && { ...linkOf(relay), ...times };
    const reconnects = Math.max(0, this.#links - 1);
    return { state: this.state, frames, bytes, skipped, missed, reconnects, link, local: this.#producer.stats() };
  }

  /** Resolves when the first link is there. @internal */
  async connected({ timeoutMs, signal }: WaitOptions = {}): Promise<void> {
    const over = new AbortController();
    const givenUp = new Promise<never>((_resolve, reject) => {
      const onAbort = () => reject(aborted("createBridge"));
      if (signal?.aborted) onAbort();
      signal?.addEventListener("abort", onAbort, { once: true, signal: over.signal });
      if (timeoutMs === undefined) return;
      const wait = delay(timeoutMs, undefined, { signal: over.signal });
      wait.then(() => reject(this.#notThere(timeoutMs))).catch(() => {});
    });
    try {
      await Promise.race([this.#first, givenUp, this.ended]);
    } finally {
      over.abort();
    }
  }

  /** Says goodbye on both sides: local consumers see `producer-closed`. Safe to call again. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.ended.catch(() => {});
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #notThere(timeoutMs: number): StreamError {
    const { name } = this.#address;
    const why = this.#lastError === undefined ? "" : `: ${this.#lastError.message}`;
    const text = `stream "${name}" of ${showHostPort(this.#address)} was not there within ${timeoutMs} ms${why}`;
    return new StreamError("ERR_NOT_FOUND", text, { reason: "timeout", cause: this.#lastError });
  }

  /** One link after the other, until it is closed or cannot go on. */
  async #live(): Promise<void> {
    const { signal } = this.#stop;
    try {
      for (;;) {
        const relay = await this.#dial(signal);
        if (relay === undefined) return;
        const end = await this.#follow(relay, signal);
        if (signal.aborted) return;
        await this.#judge(end);
        if (this.#once) return;
      }
    } finally {
      this.#closed = true;
      this.#producer.close();
      await this.stream.close();
    }
  }

  /** undefined: closed meanwhile. The first attempt comes at once, those after a loss with a pause before each. */
  async #dial(signal: AbortSignal): Promise<Relay | undefined> {
    const pauses = pausesMs(this.#backoff);
    let pauseMs = this.#links === 0 ? 0 : pauses.next().value;
    while (typeof pauseMs === "number") {
      // The local stream is what keeps the process alive.
      await delay(pauseMs, undefined, { signal, ref: false }).catch(() => {});
      if (signal.aborted) return undefined;
      try {
        return await openRelay(this.#host, this.#way.dial, this.#producer, { ...this.#asked, signal });
      } catch (error) {
        if (signal.aborted) return undefined;
        if (!(error instanceof StreamError) || hopeless.has(error.code)) throw error;
        this.#lastError = error;
        pauseMs = pauses.next().value;
        const retry = { error, pauseMs: pauseMs ?? 0 };
        if (pauseMs !== undefined) emitAside(() => this.emit("retry", retry));
      }
    }
    const { attempts } = this.#backoff;
    const text = `the remote stream was not there at any of ${attempts} attempts; ${this.#lastError?.message}`;
    throw new StreamError("ERR_PRODUCER_LOST", text, { reason: "closed", cause: this.#lastError });
  }

  async #follow(relay: Relay, signal: AbortSignal): Promise<PeerEnd> {
    const onStop = () => relay.close();
    if (signal.aborted) onStop();
    signal.addEventListener("abort", onStop, { once: true });
    this.#relay = relay;
    this.#counters.newLink();
    this.#producer.failure = undefined;
    const event = this.#links++ === 0 ? "connected" : "reconnected";
    emitAside(() => this.emit(event, linkOf(relay)));
    this.#tellFirst();
    const end = await relay.ended;
    signal.removeEventListener("abort", onStop);
    this.#relay = undefined;
    return end;
  }

  /** Throws if the next link would end as this one did. */
  async #judge({ cause = "producer-lost", reason, error }: PeerEnd): Promise<void> {
    const failure = this.#producer.failure ?? error;
    const why = reason !== "" || failure === undefined ? reason : (failure as Error).message;
    emitAside(() => this.emit("disconnected", { cause, reason: why }));
    const text = why === "" ? cause : `${cause}: ${why}`;
    if (sentAway.has(cause)) throw new StreamError("ERR_EVICTED", `the remote producer sent the bridge away: ${text}`);
    const isOver = cause === "ended" || cause === "stopped";
    if (isOver) await this.#producer.drained();
    else if (this.#once) throw new StreamError("ERR_PRODUCER_LOST", `the link is gone: ${text}`);
  }
}

const linkOf = ({ peer, connection, epoch }: BridgeLink): BridgeLink => ({ peer, connection, epoch });
