/** A consumer at the end of a link: dials, shakes hands, lets the producer's frames into a stream of this process. */
import {
  EventKind,
  type NativeConsumer,
  type NativeEvent,
  type NativePolicy,
  type NativeProducer,
  type NativeStream,
} from "../../native/binding.ts";
import { StreamError } from "../../sdk/base/errors.ts";
import type { RemoteStats } from "../../sdk/base/stats-types.ts";
import { causeCodes } from "../wire/codes.ts";
import type { Payload, WireAttributes, WireMessage } from "../wire/index.ts";
import { CreditBook } from "./credit-book.ts";
import { FrameOrigins } from "./frame-origins.ts";
import { type FrameDestination, FrameReceiver } from "./frame-receiver.ts";
import { greet, meet } from "./hand-shake.ts";
import type { NativeHost } from "./host.ts";
import type { Dial } from "./link.ts";
import { makeLocalStream, relayProducer } from "./local-stream.ts";
import { type PeerView, RemoteConsumer } from "./remote-consumer.ts";
import type { Session, SessionUser } from "./session.ts";
import { TransferTimes } from "./transfer-times.ts";

export interface ConsumeRequest {
  stream: string;
  policy: NativePolicy;
  formatMask: number;
  client: string;
  token: string;
  userInfo: string;
  attributes: WireAttributes | undefined;
  idleMs: number;
  /** Frames come only while somebody waits. */
  demand: boolean;
  timeoutMs: number;
  signal: AbortSignal | undefined;
}

type Welcome = Extract<WireMessage, { type: "welcome" }>;
type FrameHead = Extract<WireMessage, { type: "frame" }>;

const whenFullOverwrites = 1;
/** One that is acquired, one that waits, one that arrives (design of the mailbox: never older than two transfers). */
const boxRoom = 2;
/** After a goodbye the peer gets so long to go by itself, ms. */
const lingerMs = 2000;

/** @throws StreamError as `meet`, and what `dial` throws */
export async function openRemoteConsumer(
  host: NativeHost,
  dial: Dial,
  request: ConsumeRequest,
): Promise<NativeConsumer> {
  const link = await dial(request.signal, request.timeoutMs);
  const { stream, policy, formatMask, client, token, userInfo, attributes, idleMs } = request;
  const first = greet({
    role: "consume",
    stream,
    client,
    token,
    idleMs,
    attributes,
    formatMask,
    policy,
    userInfo: Buffer.from(userInfo),
  });
  const meeting = {
    now: () => host.binding.now(),
    idleMs,
    timeoutMs: request.timeoutMs,
    signal: request.signal,
    first,
  };
  const endpoint = await meet(link, meeting, (message, session) => {
    // A clash of attributes is no error of the call: the consumer is disconnected (EGL).
    const over = message.type === "bye" ? message : undefined;
    if (over === undefined && message.type !== "welcome") return undefined;
    const welcome = over === undefined ? (message as Welcome) : unseated(policy);
    const endpoint = new ConsumerEndpoint(host, session, request, welcome);
    if (over !== undefined) endpoint.onMessage(over);
    return endpoint;
  });
  await endpoint.ready(request);
  return endpoint.consumer;
}

/** Who was turned away has no connection, and no life of a producer. */
const unseated = (policy: NativePolicy): Welcome => ({ type: "welcome", connection: 0n, epoch: 0n, idleMs: 0, policy });

class ConsumerEndpoint implements SessionUser, FrameDestination, PeerView {
  readonly consumer: RemoteConsumer;
  connection = 0n;
  epoch = 0n;
  cause = 0;
  reason = "";
  userInfo = "";
  streamInfo = "";
  readonly #host: NativeHost;
  readonly #session: Session;
  readonly #stream: NativeStream;
  readonly #local: NativeConsumer;
  readonly #origins = new FrameOrigins();
  readonly #times = new TransferTimes();
  readonly #credits: CreditBook;
  readonly #receiver: FrameReceiver;
  readonly #isBox: boolean;
  #closed = false;
  #whenReady: (() => void) | undefined;

  constructor(host: NativeHost, session: Session, request: ConsumeRequest, welcome: Welcome) {
    this.#host = host;
    this.#session = session;
    this.#stream = makeLocalStream(host);
    const policy = { ...welcome.policy, maxWaitMs: -1 };
    this.#local = this.#stream.connectConsumer({ policy, formatMask: 0, client: request.client });
    const overwrites = policy.whenFull === whenFullOverwrites;
    const demand = request.demand && overwrites;
    // A full box is overwritten, so what arrives there needs no place that was freed.
    this.#isBox = overwrites && policy.capacity === 1;
    const grants = demand ? "demand" : this.#isBox ? "arrivals" : "places";
    this.#credits = new CreditBook(session, grants, this.#isBox ? boxRoom : policy.capacity);
    const book = { origins: this.#origins, credits: this.#credits };
    this.consumer = new RemoteConsumer(host, this.#local, this, book);
    this.#receiver = new FrameReceiver(host, session, this);
    host.intercept(this.#local.id, (event) => this.#translate(event));
    this.#welcome(welcome);
    session.handOver(this);
    session.trust();
  }

  /** Resolves when the first frame would be let in; at once while the stream has no producer. */
  async ready({ signal, timeoutMs }: ConsumeRequest): Promise<void> {
    if (this.epoch === 0n || this.#whenReady !== undefined) return;
    await new Promise<void>((resolve) => {
      const settle = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", settle);
        resolve();
      };
      const timer = setTimeout(settle, timeoutMs);
      signal?.addEventListener("abort", settle, { once: true });
      this.#whenReady = settle;
      this.attached();
    });
  }

  // ---------------------------------------------------------------- FrameDestination

  open(format: Parameters<FrameDestination["open"]>[0]): ReturnType<FrameDestination["open"]> {
    return this.#stream.connectProducer({ ...relayProducer, format });
  }

  done(producer: NativeProducer): void {
    producer.close();
  }

  attached(): void {
    const over = this.#closed || this.cause !== 0;
    if (over || this.#receiver.attached) this.#whenReady?.();
  }

  posted(local: bigint, head: FrameHead): void {
    this.#origins.add(local, head);
    const { clock } = this.#session;
    const now = this.#host.binding.now();
    this.#times.add(head.size, clock.known ? now - clock.toOurs(head.posted) : undefined);
    this.#credits.arrived();
    if (this.#isBox) this.#origins.keepNewest();
  }

  // ---------------------------------------------------------------- PeerView

  setUserInfo(_text: string): void {
    throw new StreamError("ERR_BAD_STATE", "userInfo: too late, the hand-shake is over; give it to connectConsumer");
  }

  setLatency(latencyUs: number): void {
    this.#session.send({ type: "state", state: "empty", latencyUs, frame: 0n });
  }

  toOurClock(time: bigint): bigint {
    return this.#session.clock.toOurs(time);
  }

  stats(): RemoteStats {
    const estimate = this.#session.clock.estimate(this.#host.binding.now());
    return {
      peer: this.#session.link.peer,
      arrived: this.#times.frames,
      arrivedBytes: this.#times.bytes,
      roundTrip: estimate?.roundTrip,
      clockOffset: estimate?.offset,
      clockError: estimate?.error,
      transfer: this.#times.summary(),
    };
  }

  close(): void {
    if (this.#closed) return;
    this.#session.send({ type: "bye", cause: "consumer-closed", reason: "" });
    this.#leave();
    this.#release();
  }

  // ---------------------------------------------------------------- SessionUser

  onMessage(message: WireMessage): void {
    switch (message.type) {
      case "welcome":
        this.#welcome(message);
        return;
      case "layout":
        this.#receiver.layout(message);
        return;
      case "frame":
        this.#receiver.frame(message);
        return;
      case "reset":
        this.#receiver.reset();
        this.consumer.tellFreed();
        return;
      case "userInfo":
        this.userInfo = Buffer.from(message.info).toString();
        return;
      case "streamInfo":
        this.#tellStreamInfo(Buffer.from(message.info).toString());
        return;
      case "bye":
        this.#goodbye(causeCodes[message.cause], message.reason);
        return;
      case "refused":
        this.#goodbye(causeCodes.refused, message.reason);
        return;
      case "report":
        this.#origins.report(message);
        return;
      case "state":
        return;
      default:
        throw new StreamError("ERR_BAD_PROTOCOL", `a producer does not send "${message.type}"`);
    }
  }

  onPayload(payload: Payload): void {
    this.#receiver.payload(payload);
  }

  onClosed(error: Error | undefined): void {
    if (this.cause === 0 && !this.#closed) {
      this.cause = causeCodes["producer-lost"];
      this.reason = error?.message ?? "";
    }
    this.#closeLocal();
    this.attached();
  }

  #welcome({ connection, epoch, idleMs }: Welcome): void {
    this.#session.setPeerIdle(idleMs);
    this.connection = connection;
    this.epoch = epoch;
  }

  #tellStreamInfo(text: string): void {
    this.streamInfo = text;
    this.#host.tell({
      kind: EventKind.streamInfo,
      object: this.#local.id,
      connection: this.connection,
      value: 0n,
      code: 0,
      oldState: 0,
      newState: 0,
      text: "",
      at: 0n,
    });
  }

  /** The connection is over by the producer's word. */
  #goodbye(cause: number, reason: string): void {
    this.cause = cause;
    this.reason = reason;
    const name = this.#host.cause(cause);
    const { producer } = this.#receiver;
    if (producer !== undefined && !this.#closed) {
      if (name === "ended") producer.closeInput();
      else if (name === "stopped") producer.stop();
      else if (name.startsWith("evicted")) producer.evict(this.#local.info().connection, reason);
      else this.#closeLocal();
    } else {
      this.#closeLocal();
    }
    this.#leave();
    this.attached();
  }

  /** Says no more, and waits for the peer to go. */
  #leave(): void {
    const session = this.#session;
    session.end();
    setTimeout(() => session.fail(new Error("the peer stays after the end")), lingerMs).unref();
  }

  #release(): void {
    this.#closed = true;
    this.#host.intercept(this.#local.id, undefined);
    this.#closeLocal();
  }

  /** What was received can still be acquired, as the policy says. */
  #closeLocal(): void {
    this.#receiver.close();
    this.#stream.close();
  }

  /** Causes and numbers are the producer's. */
  #translate(event: NativeEvent): NativeEvent {
    const code = event.kind === EventKind.state && event.code !== 0 && this.cause !== 0 ? this.cause : event.code;
    return { ...event, code, connection: this.connection };
  }
}
