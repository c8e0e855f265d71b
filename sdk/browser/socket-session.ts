/**
 * One WebSocket's conversation: bytes in and messages out, the pings that measure the clock and show that the peer
 * lives, and the end of all that.
 */
import { ClockOffset } from "../../transports/remote/clock.ts";
import { protocolError } from "../../transports/wire/codes.ts";
import { Decoder, encodeMessage, encodeOpening, type Payload, type WireMessage } from "../../transports/wire/index.ts";
import { StreamError } from "../base/errors.ts";
import { nowNs } from "./page-clock.ts";

/** What somebody hears from a session. */
export interface SessionUser {
  onMessage(message: WireMessage): void;
  onPayload(payload: Payload): void;
  /** The connection is gone; `error` unless this end meant it. Told once, last. */
  onClosed(error: StreamError | undefined): void;
}

/** Servers of this protocol answer with it; a proxy may look at it. */
const subprotocol = "edgestream";
/** At least so many looks at the clock within the idle time. */
const looksPerIdleTime = 4;
/** Pings measure the clock too, so they come even where nobody minds an idle peer. */
const pingEveryMsMax = 5000;
const lookEveryMsMin = 10;
const normalClosure = 1000;

export class SocketSession {
  readonly clock = new ClockOffset();
  readonly #socket: WebSocket;
  readonly #user: SessionUser;
  readonly #idleMs: number;
  readonly #decoder = new Decoder();
  #lookEveryMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #lookedMs = performance.now();
  #heardMs = performance.now();
  #pings = 0n;
  /** Before the hand-shake is over a ping breaks the protocol. */
  #mayPing = false;
  #over = false;

  /** `first`: said as soon as the connection is there. `idleMs`: 0 = never. */
  constructor(url: string, first: readonly WireMessage[], idleMs: number, user: SessionUser) {
    this.#user = user;
    this.#idleMs = idleMs;
    this.#lookEveryMs = lookEvery(idleMs);
    this.#decoder.trust(); // this end chose whom it talks to
    const socket = openSocket(url);
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      socket.send(join([encodeOpening(), ...first.map(encodeMessage)]));
      this.#watch();
    };
    socket.onmessage = ({ data }) => this.#received(data);
    // A page is not told what went wrong with its socket.
    socket.onerror = () => this.#end(new StreamError("ERR_NOT_FOUND", `${url} cannot be reached, or broke off`));
    socket.onclose = ({ reason }) => {
      const said = reason === "" ? "the peer closed the connection without a goodbye" : `the peer closed: ${reason}`;
      this.#end(new StreamError("ERR_NOT_FOUND", said));
    };
  }

  /** The hand-shake is over; the peer ends the connection after `peerIdleMs` without a byte from here, 0 = never. */
  met(peerIdleMs: number): void {
    this.#lookEveryMs = Math.min(this.#lookEveryMs, lookEvery(peerIdleMs));
    if (this.#mayPing) return;
    this.#mayPing = true;
    this.#ping();
    this.#watch();
  }

  send(message: WireMessage): void {
    if (!this.#over && this.#socket.readyState === WebSocket.OPEN) this.#socket.send(join([encodeMessage(message)]));
  }

  /** The present frame's pixels go there. */
  aim(target: Uint8Array): void {
    this.#decoder.aim(target);
  }

  /** After what was said; with `error`, because of it. */
  end(error?: StreamError): void {
    this.#end(error);
  }

  #end(error: StreamError | undefined): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#socket.close(normalClosure);
    this.#user.onClosed(error);
  }

  #received(data: ArrayBuffer | string): void {
    this.#heardMs = performance.now();
    try {
      if (typeof data === "string") throw protocolError("the peer sent text, expected binary messages");
      this.#decoder.push(new Uint8Array(data));
      for (let item = this.#next(); item !== undefined; item = this.#next()) {
        if (item.type === "payload") this.#user.onPayload(item);
        else this.#hear(item);
      }
    } catch (error) {
      this.#end(error instanceof StreamError ? error : new StreamError("ERR_SYSTEM", String(error), { cause: error }));
    }
  }

  #next(): WireMessage | Payload | undefined {
    return this.#over ? undefined : this.#decoder.next();
  }

  #hear(message: WireMessage): void {
    if (message.type === "ping") {
      const received = nowNs();
      this.send({ type: "pong", id: message.id, sent: message.sent, received, answered: nowNs() });
    } else if (message.type === "pong") {
      if (message.id < 1n || message.id > this.#pings) throw protocolError("a pong answers no ping");
      this.clock.add(message.sent, message.received, message.answered, nowNs());
    } else {
      this.#user.onMessage(message);
    }
  }

  #ping(): void {
    this.#pings++;
    this.send({ type: "ping", id: this.#pings, sent: nowNs() });
  }

  // ---------------------------------------------------------------- is the peer there?

  #watch(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), this.#lookEveryMs);
  }

  #look(): void {
    const now = performance.now();
    // A page that was busy, or slept in the background, has not listened either: what came waits for its next turn.
    if (now - this.#lookedMs > 2 * this.#lookEveryMs) this.#heardMs = now;
    this.#lookedMs = now;
    if (this.#idleMs > 0 && now - this.#heardMs > this.#idleMs) {
      this.#end(new StreamError("ERR_NOT_FOUND", `nothing came from the peer for ${this.#idleMs} ms`));
      return;
    }
    if (this.#mayPing) this.#ping();
    this.#watch();
  }
}

function openSocket(url: string): WebSocket {
  try {
    return new WebSocket(url, subprotocol);
  } catch (cause) {
    const text = `${url}: the browser does not allow it; a page that came by https needs a wss:// address`;
    throw new StreamError("ERR_BAD_ACCESS", text, { cause });
  }
}

function lookEvery(idleMs: number): number {
  if (idleMs === 0) return pingEveryMsMax;
  return Math.max(lookEveryMsMin, Math.min(pingEveryMsMax, Math.floor(idleMs / looksPerIdleTime)));
}

function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
