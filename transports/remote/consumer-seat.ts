/** A peer that consumes: a seat at a stream of this process, and the sender that serves it. */
import { EventKind, type NativeConsumer, type NativeEvent } from "../../native/binding.ts";
import { StreamError, wrapNativeError } from "../../sdk/base/errors.ts";
import { causeCodes } from "../wire/codes.ts";
import type { WireMessage } from "../wire/index.ts";
import { type Credit, FrameSender } from "./frame-sender.ts";
import { cut, refusal } from "./hand-shake.ts";
import type { NativeHost } from "./host.ts";
import type { Session, SessionUser } from "./session.ts";

/** A producer that is there meets a newcomer within this time; without one the peer is told that it waits. */
const meetMs = 100;
/** What a peer that no longer reads may hold up after the end, ms. */
const lingerMs = 3000;
const connecting = 2;
const disconnected = 6;

/** How a seat came to its end. */
export interface SeatEnd {
  /** The stream gives no more frames. */
  ended: boolean;
  /** The peer turned the stream away. */
  refused: StreamError | undefined;
  /** undefined: one end meant it. */
  error: Error | undefined;
}

export class ConsumerSeat implements SessionUser {
  readonly #host: NativeHost;
  readonly #seat: NativeConsumer;
  readonly #session: Session;
  readonly #onClosed: (why: SeatEnd) => void;
  #refusedWith: StreamError | undefined;
  #ended = false;
  #sender: FrameSender | undefined;
  /** What the peer granted while there was no sender. */
  #credit: Credit | undefined;
  #idleMs: number;
  #welcomed = false;
  #met = false;
  #streamInfo = "";
  #meetTimer: NodeJS.Timeout | undefined;
  #endTimer: NodeJS.Timeout | undefined;
  #leaving = false;
  #gone = false;

  constructor(
    host: NativeHost,
    seat: NativeConsumer,
    session: Session,
    idleMs: number,
    onClosed: (why: SeatEnd) => void,
  ) {
    this.#host = host;
    this.#seat = seat;
    this.#session = session;
    this.#idleMs = idleMs;
    this.#onClosed = onClosed;
    host.register(seat.id, { onWake: () => this.#look(), onEvent: (event) => this.#onEvent(event) });
    session.handOver(this);
    this.#meetTimer = setTimeout(() => this.#welcome(), meetMs);
    this.#meetTimer.unref();
    this.#look();
  }

  /** Resolves when the peer has what was posted before and may be sent; or is gone. */
  async flush(): Promise<void> {
    if (this.#gone || this.#leaving) return;
    await this.#sender?.caughtUp();
    if (this.#gone || this.#leaving) return;
    this.#report();
    await this.#session.heard();
  }

  // ---------------------------------------------------------------- from the peer

  onMessage(message: WireMessage): void {
    switch (message.type) {
      case "credit":
        this.#guarded(() => this.#grant(message));
        return;
      case "state":
        this.#guarded(() => this.#seat.setLatency(message.latencyUs));
        return;
      case "bye":
        this.#leaving = true;
        this.#session.fail(new Error("the consumer has left"));
        return;
      case "refused":
        this.#refusedWith = new StreamError(message.code, `${this.#session.link.peer} refused: ${message.reason}`);
        this.#session.fail(this.#refusedWith);
        return;
      case "attributes":
      case "report":
        return;
      default:
        throw new StreamError("ERR_BAD_PROTOCOL", `a consumer does not send "${message.type}"`);
    }
  }

  onPayload(): void {
    throw new StreamError("ERR_BAD_PROTOCOL", "a consumer sends no frames");
  }

  onClosed(error: Error | undefined): void {
    if (this.#gone) return;
    this.#gone = true;
    clearTimeout(this.#meetTimer);
    clearInterval(this.#endTimer);
    this.#host.unregister(this.#seat.id);
    if (this.#sender === undefined) this.#seat.close();
    else this.#sender.close();
    this.#onClosed({ ended: this.#ended, refused: this.#refusedWith, error });
  }

  // ---------------------------------------------------------------- from the stream

  #onEvent(event: NativeEvent): void {
    if (event.kind === EventKind.streamInfo) this.#tellStreamInfo();
    this.#look();
  }

  #look(): void {
    if (this.#gone) return;
    this.#guarded(() => {
      const state = this.#seat.state();
      if (state === disconnected && !this.#met) return this.#refuse();
      if (state > connecting && !this.#met) this.#meet();
      this.#sender?.pump();
      if (state === disconnected) this.#hurry();
    });
  }

  /** The producer is there. */
  #meet(): void {
    this.#met = true;
    this.#welcome();
    const told = this.#seat.userInfo();
    if (told !== "") this.#session.send({ type: "userInfo", info: Buffer.from(told) });
    this.#tellStreamInfo();
    this.#sender = new FrameSender(this.#host, this.#seat, this.#session, () => this.#end());
    this.#sender.announceFirst();
    if (this.#credit !== undefined) this.#sender.credit(this.#credit);
  }

  #grant(credit: Credit): void {
    this.#credit = credit;
    this.#sender?.credit(credit);
  }

  #welcome(): void {
    if (this.#leaving || this.#gone) return;
    clearTimeout(this.#meetTimer);
    const { connection, epoch, policy } = this.#seat.info();
    this.#welcomed = true;
    this.#session.send({ type: "welcome", connection, epoch, idleMs: this.#idleMs, policy });
  }

  #tellStreamInfo(): void {
    const told = this.#seat.streamInfo();
    if (!this.#met || told === this.#streamInfo) return;
    this.#streamInfo = told;
    this.#session.send({ type: "streamInfo", frames: 0n, bytes: 0n, elapsed: 0n, info: Buffer.from(told) });
  }

  /** The stream's own verb says which code; see sdk/connect.ts. */
  #refuse(): void {
    const { cause, reason } = this.#seat.info();
    const name = this.#host.cause(cause);
    const sentence = reason === "" ? name : reason;
    if (this.#welcomed || name !== "refused") {
      if (this.#welcomed) this.#session.send({ type: "bye", cause: name, reason: cut(sentence) });
      else this.#session.send({ type: "refused", code: "ERR_NOT_FOUND", reason: cut(sentence) });
      this.#leave();
      return;
    }
    let error: unknown = new StreamError("ERR_REFUSED", sentence);
    try {
      this.#seat.tryAcquire(0);
    } catch (thrown) {
      const known = wrapNativeError(thrown);
      if (known instanceof StreamError) error = new StreamError(known.code, sentence);
    }
    this.#session.send({ type: "refused", ...refusal(error) });
    this.#leave();
  }

  /** What was never sent, and so is in no frame. */
  #report(): void {
    const { posted, delivered, skipped, discarded, waiting } = this.#seat.info();
    const { number } = this.#seat.marks().newest;
    this.#session.send({ type: "report", frame: number, posted, delivered, skipped, discarded, waiting });
  }

  /** The seat gives no more frames. */
  #end(): void {
    this.#report();
    const { cause, reason } = this.#seat.info();
    const name = this.#host.cause(cause === 0 ? causeCodes.ended : cause);
    this.#ended = true;
    this.#session.send({ type: "bye", cause: name, reason: cut(reason) });
    this.#leave();
  }

  /** It is over here; a peer that takes nothing any more cannot keep the slot. */
  #hurry(): void {
    if (this.#leaving || this.#sender?.idle !== false) return;
    this.#watchTheEnd();
  }

  #leave(): void {
    if (this.#leaving) return;
    this.#leaving = true;
    clearTimeout(this.#meetTimer);
    this.#session.end();
    this.#watchTheEnd();
  }

  /** As long as bytes leave, the peer may take its time. */
  #watchTheEnd(): void {
    if (this.#endTimer !== undefined) return;
    let left = this.#session.link.unsent;
    this.#endTimer = setInterval(() => {
      const { unsent } = this.#session.link;
      if (unsent === 0 || unsent >= left) this.#session.fail(new Error("the peer stays after the end"));
      left = unsent;
    }, lingerMs).unref();
  }

  /** What the core throws ends this peer, and nobody else. */
  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#session.fail(wrapNativeError(error) as Error);
    }
  }
}
