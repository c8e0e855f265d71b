/** A peer that produces: its frames are posted by a producer of this process, in its place. */
import { Flow, type NativeFormatSpec, type NativeProducer } from "../../native/binding.ts";
import { StreamError } from "../../sdk/base/errors.ts";
import type { DisconnectCause } from "../../sdk/base/types.ts";
import type { Payload, WireMessage } from "../wire/index.ts";
import { CreditBook } from "./credit-book.ts";
import { type FrameDestination, FrameReceiver } from "./frame-receiver.ts";
import { refusal } from "./hand-shake.ts";
import type { NativeHost } from "./host.ts";
import type { Publication } from "./offer.ts";
import type { Session, SessionUser } from "./session.ts";

/** How a peer went. */
export interface PeerEnd {
  /** undefined: without a goodbye. */
  cause: DisconnectCause | undefined;
  /** That it gave. */
  reason: string;
  error: Error | undefined;
}

/** Frames on the way while one is posted, unless told otherwise. */
const usualRoom = 2;
const drainLookMs = 20;
/** Consumers that read slower than this read on after the producer is gone; the next one need not wait for them. */
const drainMsMax = 5000;
const lingerMs = 3000;

export class ProducerSeat implements SessionUser, FrameDestination {
  readonly #publication: Publication;
  readonly #session: Session;
  readonly #receiver: FrameReceiver;
  readonly #onClosed: (why: PeerEnd) => void;
  readonly #room: number;
  #cause: DisconnectCause | undefined;
  #reason = "";
  #credits: CreditBook | undefined;
  #streamInfo = "";
  #draining = false;
  #gone = false;

  /**
   * @param onClosed the link is gone; with the cause that the peer gave, if it said goodbye
   * @param room frames that may be on the way while one is posted
   */
  constructor(
    host: NativeHost,
    publication: Publication,
    session: Session,
    onClosed: (why: PeerEnd) => void,
    room: number = usualRoom,
  ) {
    this.#publication = publication;
    this.#session = session;
    this.#onClosed = onClosed;
    this.#room = room;
    this.#receiver = new FrameReceiver(host, session, this);
    session.handOver(this);
  }

  open(format: NativeFormatSpec): NativeProducer {
    const producer = this.#publication.openProducer(format);
    this.#tellStreamInfo(producer);
    return producer;
  }

  /** A text that does not fit tells nothing. */
  #tellStreamInfo(producer: NativeProducer | undefined): void {
    try {
      if (this.#streamInfo !== "") producer?.setStreamInfo(this.#streamInfo);
    } catch {
      this.#streamInfo = "";
    }
  }

  done(producer: NativeProducer): void {
    this.#publication.closeProducer(producer, this.#cause);
  }

  attached(): void {
    this.#credits ??= new CreditBook(this.#session, "places", this.#room);
  }

  posted(_local: bigint, head: Parameters<FrameDestination["posted"]>[1]): void {
    this.#publication.posted?.(head);
    this.#credits?.arrived();
    this.#credits?.freed(1n, head.number);
  }

  onMessage(message: WireMessage): void {
    switch (message.type) {
      case "welcome":
      case "userInfo":
      case "state":
      case "report":
      case "attributes":
        return;
      case "layout":
        this.#layout(message);
        return;
      case "frame":
        this.#receiver.frame(message);
        return;
      case "reset":
        this.#receiver.reset();
        return;
      case "streamInfo":
        this.#streamInfo = Buffer.from(message.info).toString();
        this.#tellStreamInfo(this.#receiver.producer);
        return;
      case "bye":
        this.#goodbye(message.cause, message.reason);
        return;
      default:
        throw new StreamError("ERR_BAD_PROTOCOL", `a producer does not send "${message.type}"`);
    }
  }

  onPayload(payload: Payload): void {
    this.#receiver.payload(payload);
  }

  onClosed(error: Error | undefined): void {
    if (this.#gone) return;
    this.#gone = true;
    if (!this.#draining) this.#receiver.close();
    this.#onClosed({ cause: this.#cause, reason: this.#reason, error });
  }

  /** This side says goodbye. */
  close(reason: string): void {
    this.#session.send({ type: "bye", cause: "consumer-closed", reason });
    this.#leave();
    if (!this.#draining) this.#receiver.close();
  }

  #layout(message: Extract<WireMessage, { type: "layout" }>): void {
    try {
      this.#receiver.layout(message);
    } catch (error) {
      this.#session.send({ type: "refused", ...refusal(error) });
      this.#leave();
    }
  }

  #goodbye(cause: DisconnectCause, reason: string): void {
    this.#cause = cause;
    this.#reason = reason;
    const { producer } = this.#receiver;
    if (cause === "stopped") producer?.stop();
    if (cause === "ended" && producer !== undefined) this.#drain(producer);
    else this.#receiver.close();
    this.#leave();
  }

  /** The consumers read what waits before the producer goes. */
  #drain(producer: NativeProducer): void {
    this.#draining = true;
    producer.closeInput();
    const untilMs = performance.now() + drainMsMax;
    const timer = setInterval(() => {
      if (producer.tryDrain() !== Flow.ok && performance.now() < untilMs) return;
      clearInterval(timer);
      this.#receiver.close();
    }, drainLookMs);
    timer.unref();
  }

  #leave(): void {
    this.#session.end();
    setTimeout(() => this.#session.fail(new Error("the peer stays after the end")), lingerMs).unref();
  }
}
