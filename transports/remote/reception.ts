/**
 * Whoever connects to a listener: says who it is, shows that it may be here, and is led to its seat. What it may say,
 * and how long it may take, is limited until then.
 */
import type { NativePolicy } from "../../native/binding.ts";
import { StreamError } from "../../sdk/base/errors.ts";
import { mergeAttributes, type WireAttributes, type WireMessage } from "../wire/index.ts";
import { ConsumerSeat } from "./consumer-seat.ts";
import { cut, refusal } from "./hand-shake.ts";
import type { NativeHost } from "./host.ts";
import type { Link } from "./link.ts";
import { listingOf } from "./listing.ts";
import type { Offer } from "./offer.ts";
import { ProducerSeat } from "./producer-seat.ts";
import { Session, type SessionUser } from "./session.ts";

type Hello = Extract<WireMessage, { type: "hello" }>;

export interface ReceptionLimits {
  /** Open links, those in their hand-shake included. */
  maxConnections: number;
  /** Of these, in their hand-shake. */
  maxHandshakes: number;
  handshakeMs: number;
  /** Before a stream of ours is named. */
  idleMs: number;
}

export const receptionDefaults: ReceptionLimits = {
  maxConnections: 512,
  maxHandshakes: 128,
  handshakeMs: 5000,
  idleMs: 10_000,
};

/** Time for a refusal to arrive before the link is closed, ms. */
const lingerMs = 1000;
/** Whoever attacks must not be able to make as many events as connections. */
const tellEveryMs = 1000;

export class Reception {
  readonly #host: NativeHost;
  readonly #limits: ReceptionLimits;
  readonly #offers = new Map<string, Offer>();
  readonly #sessions = new Map<Session, Offer | undefined>();
  #handshakes = 0;
  #toldMs = Number.NEGATIVE_INFINITY;
  #untold = 0;

  constructor(host: NativeHost, limits: Partial<ReceptionLimits> = {}) {
    this.#host = host;
    this.#limits = { ...receptionDefaults, ...limits };
  }

  get isEmpty(): boolean {
    return this.#offers.size === 0;
  }

  has(name: string): boolean {
    return this.#offers.has(name);
  }

  add(offer: Offer): void {
    this.#offers.set(offer.name, offer);
  }

  /** Peers that consume have been told the cause by their seats. */
  remove(offer: Offer): void {
    offer.publisher?.close("the stream was closed");
    if (this.#offers.get(offer.name) === offer) this.#offers.delete(offer.name);
  }

  get full(): boolean {
    return this.#sessions.size >= this.#limits.maxConnections || this.#handshakes >= this.#limits.maxHandshakes;
  }

  receive(link: Link): void {
    if (this.full) {
      link.destroy();
      this.tellOfStranger(link, new StreamError("ERR_RESOURCE_BUSY", "too many are connected, or connecting, already"));
      return;
    }
    new Caller(this.#host, this, link, this.#limits);
  }

  /** It was turned away before it said for which stream it came: all of them hear of it, at most once a second. */
  tellOfStranger({ peer }: Link, error: unknown): void {
    const nowMs = performance.now();
    if (nowMs - this.#toldMs < tellEveryMs) {
      this.#untold++;
      return;
    }
    const others = this.#untold === 0 ? "" : ` (and ${this.#untold} others before)`;
    this.#toldMs = nowMs;
    this.#untold = 0;
    const { code, reason } = refusal(error);
    const event = { code, reason: cut(`${peer}: ${reason}${others}`) };
    for (const offer of this.#offers.values()) offer.refused(event);
  }

  // ---------------------------------------------------------------- for callers

  offer(name: string): Offer | undefined {
    return this.#offers.get(name);
  }

  get offers(): readonly Offer[] {
    return [...this.#offers.values()];
  }

  entered(session: Session): void {
    this.#sessions.set(session, undefined);
    this.#handshakes++;
  }

  seated(): void {
    this.#handshakes--;
  }

  left(session: Session): void {
    this.#sessions.delete(session);
  }
}

/** In its hand-shake. */
class Caller implements SessionUser {
  readonly #host: NativeHost;
  readonly #reception: Reception;
  readonly #session: Session;
  readonly #timer: NodeJS.Timeout;
  #attributes: WireAttributes | undefined;
  #hello: Hello | undefined;
  #settled = false;

  constructor(host: NativeHost, reception: Reception, link: Link, limits: ReceptionLimits) {
    this.#host = host;
    this.#reception = reception;
    this.#session = new Session(link, this, { idleMs: limits.idleMs, now: () => host.binding.now(), trusted: false });
    const late = () => this.onBroken(new StreamError("ERR_REFUSED", `no hand-shake within ${limits.handshakeMs} ms`));
    this.#timer = setTimeout(late, limits.handshakeMs);
    this.#timer.unref();
    reception.entered(this.#session);
    this.#session.start();
  }

  onMessage(message: WireMessage): void {
    if (message.type === "attributes") {
      this.#attributes = message.attributes;
    } else if (message.type === "hello" && this.#hello === undefined) {
      this.#hello = message;
      this.#admit(message);
    } else if (message.type === "bye") {
      this.#session.end();
    } else {
      throw new StreamError("ERR_BAD_PROTOCOL", `"${message.type}" comes before the hand-shake is over`);
    }
  }

  onPayload(): void {
    throw new StreamError("ERR_BAD_PROTOCOL", "a frame comes before the hand-shake is over");
  }

  onClosed(): void {
    this.#settle();
    this.#reception.left(this.#session);
  }

  onBroken(error: Error): void {
    if (this.#hello === undefined) this.#reception.tellOfStranger(this.#session.link, error);
    this.#session.send({ type: "refused", ...refusal(error) });
    this.#part();
  }

  #admit(hello: Hello): void {
    if (this.#session.over) return;
    try {
      if (hello.role === "observe") this.#observe(hello);
      else this.#seat(hello, this.#allowed(hello));
    } catch (error) {
      this.#refuse(hello, error);
    }
  }

  /** The stream, if there is one that this peer may connect to. */
  #allowed({ stream, role, token }: Hello): Offer {
    const offer = this.#reception.offer(stream);
    if (offer === undefined) throw new StreamError("ERR_NOT_FOUND", `there is no stream "${stream}" here`);
    if (!offer.access.allows(role, token)) {
      const what = token === "" ? "a token is needed" : "the token does not allow it";
      throw new StreamError("ERR_BAD_ACCESS", `stream "${stream}": ${what}`);
    }
    return offer;
  }

  #seat(hello: Hello, offer: Offer): void {
    const { clashes } = mergeAttributes(offer.attributes ?? {}, this.#attributes ?? {});
    if (clashes.length > 0) {
      this.#clash(offer, `the two ends insist on different ${clashes.join(", ")}`);
      return;
    }
    const session = this.#session;
    session.setIdle(offer.idleMs);
    session.setPeerIdle(hello.idleMs);
    const onClosed = (error: Error | undefined) => {
      this.#reception.left(session);
      if (error instanceof StreamError) this.#tell(offer, error);
    };
    if (hello.role === "produce") {
      if (offer.publisher !== undefined || offer.hasProducer()) {
        throw new StreamError("ERR_RESOURCE_BUSY", `stream "${offer.name}" has a producer`);
      }
      session.trust();
      offer.publisher = new ProducerSeat(
        this.#host,
        offer,
        session,
        ({ error }) => {
          offer.publisher = undefined;
          onClosed(error);
        },
        offer.policy.capacity + 1,
      );
      session.send({ ...hello, role: "consume", token: "", client: "", userInfo: none, policy: offer.policy });
    } else {
      const { formatMask, client, userInfo } = hello;
      // What only this end insists on is copied.
      const decided = offer.attributes?.mode !== undefined && this.#attributes?.mode === undefined;
      const asked = decided ? offer.policy : (hello.policy as NativePolicy); // a hello that consumes has one
      const policy = { ...asked, maxWaitMs: bounded(asked.maxWaitMs, offer.maxWaitMs) };
      const seat = offer.connectConsumer({ policy, formatMask, client, runtimeDir: undefined });
      try {
        if (userInfo.length > 0) seat.setUserInfo(Buffer.from(userInfo).toString());
      } catch (error) {
        seat.close();
        throw error;
      }
      session.trust();
      const served = new ConsumerSeat(this.#host, seat, session, offer.idleMs, ({ error }) => {
        offer.seats.delete(served);
        onClosed(error);
      });
      offer.seats.add(served);
    }
    this.#settle();
  }

  #observe(hello: Hello): void {
    const all = hello.stream === "" ? this.#reception.offers : [this.#allowed(hello)];
    const visible = all.filter(({ access }) => access.allows("observe", hello.token));
    void listingOf(visible).then((list) => {
      this.#session.send({ type: "listing", list });
      this.#part();
    });
  }

  /** No error of the peer's call: both ends are told that they are disconnected (EGL). */
  #clash(offer: Offer, reason: string): void {
    offer.refused({ code: "ERR_BAD_MATCH", reason: cut(`${this.#session.link.peer}: ${reason}`) });
    this.#session.send({ type: "bye", cause: "refused", reason: cut(reason) });
    this.#part();
  }

  #refuse({ stream }: Hello, error: unknown): void {
    const offer = this.#reception.offer(stream);
    if (offer === undefined) this.#reception.tellOfStranger(this.#session.link, error);
    else this.#tell(offer, error);
    this.#session.send({ type: "refused", ...refusal(error) });
    this.#part();
  }

  #tell(offer: Offer, error: unknown): void {
    const { code, reason } = refusal(error);
    offer.refused({ code, reason: cut(`${this.#session.link.peer}: ${reason}`) });
  }

  #part(): void {
    this.#settle();
    this.#session.end();
    setTimeout(() => this.#session.fail(new Error("the peer stays after the end")), lingerMs).unref();
  }

  #settle(): void {
    if (this.#settled) return;
    this.#settled = true;
    clearTimeout(this.#timer);
    this.#reception.seated();
  }
}

const none = new Uint8Array(0);

/** -1 is for ever. The core bounds this for consumers of other processes; our seat is in the producer's own. */
function bounded(waitMs: number, maxMs: number): number {
  if (maxMs < 0) return waitMs;
  return waitMs < 0 ? maxMs : Math.min(waitMs, maxMs);
}
