/**
 * One link's conversation: bytes in and messages out, the pings that measure the clock and show that the peer lives,
 * and the end of all that.
 */
import { protocolError } from "../wire/codes.ts";
import { Decoder, encodeMessage, encodeOpening, type Payload, type WireMessage } from "../wire/index.ts";
import { ClockOffset } from "./clock.ts";
import type { Link, LinkReader } from "./link.ts";

/** What somebody hears from a session. */
export interface SessionUser {
  onMessage(message: WireMessage): void;
  onPayload(payload: Payload): void;
  /** The link is gone; `error` unless one end meant it. Told once, last. */
  onClosed(error: Error | undefined): void;
  /** The peer broke the protocol. Without this the link is closed at once. */
  onBroken?(error: Error): void;
}

export interface SessionOptions {
  /** The link is lost after so long without a byte from the peer, ms; 0: never. See `setIdle`. */
  idleMs: number;
  now: () => bigint;
  /** Somebody who is not trusted yet may say little. */
  trusted: boolean;
}

/** Frames below this are read in one go with what stands before them; larger ones straight into their place. */
const scratchBytes = 65536;
/** In the middle of a frame: time for a goodbye to arrive before the link is closed, ms. */
const partingMs = 200;
/** Messages that the kernel did not take yet: a peer that lets more pile up asks, and does not listen. */
const unsentMax = 4096;
/** Between the pieces of a large frame: room for what stands there, and little that must be copied. */
const smallScratchBytes = 256;
const largeFrameBytes = 2 * scratchBytes;
/** At least so many looks at the clock within the idle time. */
const looksPerIdleTime = 4;
/** One after the other at the beginning: the first ones meet code that has not run yet, and measure that. */
const firstPings = 8n;
/** A peer that would have us ping all the time is given up by itself. */
const lookEveryMsMin = 10;
/** Pings measure the clock too, so they come even where nobody minds an idle peer. */
const pingEveryMsMax = 5000;

export class Session implements LinkReader {
  readonly link: Link;
  readonly clock = new ClockOffset();
  readonly #decoder = new Decoder();
  readonly #options: SessionOptions;
  #idleMs: number;
  #peerIdleMs = 0;
  readonly #scratch = new Uint8Array(scratchBytes);
  #user: SessionUser;
  #aimed = false;
  #largeFrame = false;
  #paused = false;
  #decoding = false;
  #ended = false;
  #over = false;
  #failure: Error | undefined;
  #heardMs = performance.now();
  #pingMs = 0;
  #pings = 0n;
  #ponged = 0n;
  #lookedMs = performance.now();
  /** Before the hand-shake is over a ping breaks the protocol. */
  #mayPing = false;
  #timer: NodeJS.Timeout | undefined;
  readonly #pongs = new Map<bigint, () => void>();
  #unsent = 0;
  readonly #sent = (): void => {
    this.#unsent--;
  };

  constructor(link: Link, user: SessionUser, options: SessionOptions) {
    this.link = link;
    this.#user = user;
    this.#options = options;
    this.#idleMs = options.idleMs;
    if (options.trusted) this.#decoder.trust();
  }

  get over(): boolean {
    return this.#over || this.#ended;
  }

  /** Begins: says what this end speaks, and reads. */
  start(): void {
    this.link.write([encodeOpening()]);
    this.link.start(this);
    this.#watch();
  }

  /** From here on somebody else hears the peer. */
  handOver(user: SessionUser): void {
    this.#user = user;
  }

  /** The peer showed that it may be here. */
  trust(): void {
    this.#decoder.trust();
    this.#mayPing = true;
    this.ping();
  }

  /** How long the peer may be silent from here on, ms; 0: for ever. */
  setIdle(idleMs: number): void {
    this.#idleMs = idleMs;
    if (!this.#over) this.#watch();
  }

  /** The peer gives this end up after so long without a byte, ms; 0: never. */
  setPeerIdle(idleMs: number): void {
    this.#peerIdleMs = idleMs;
    if (!this.#over) this.#watch();
  }

  send(message: WireMessage): void {
    if (this.over) return;
    this.#unsent++;
    if (this.#unsent > unsentMax) this.fail(new Error(`${this.link.peer} does not read what it is told`));
    else this.link.write([encodeMessage(message)], this.#sent);
  }

  /** Resolves when the peer has heard everything that was said before, or is gone. */
  heard(): Promise<void> {
    return new Promise((resolve) => {
      if (this.over || !this.#mayPing) resolve();
      else this.ping(resolve);
    });
  }

  /** `pong`: called when the answer is there. */
  ping(pong?: () => void): void {
    if (this.over) return;
    this.#pings++;
    this.#pingMs = performance.now();
    if (pong !== undefined) this.#pongs.set(this.#pings, pong);
    this.send({ type: "ping", id: this.#pings, sent: this.#options.now() });
  }

  /** The present frame's pixels go there. */
  aim(target: Uint8Array): void {
    this.#decoder.aim(target);
    this.#largeFrame = target.length >= largeFrameBytes;
  }

  /** Nothing more is decoded or read until `resume`. For users, from inside of what they are told. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#decoding) return; // it goes on by itself
    this.#heardMs = performance.now(); // we did not listen
    if (this.#decode()) this.link.resume();
  }

  /** After what was said. From here on the link reads nothing into the place that `aim` named. */
  end(): void {
    if (this.over) return;
    this.#ended = true;
    this.link.end();
    if (this.#aimed) this.#partUnseen();
    else if (this.#paused) this.link.resume(); // to see the peer's end
  }

  /** Now. */
  fail(error: Error): void {
    if (this.#over) return;
    this.#failure ??= error;
    this.#ended = true;
    this.link.destroy();
  }

  /** The link would read its next bytes into that place, so it must not see the peer's end. */
  #partUnseen(): void {
    this.link.pause();
    setTimeout(() => this.link.destroy(), partingMs).unref();
  }

  // ---------------------------------------------------------------- from the link

  space(): Uint8Array {
    const place = this.#paused || this.#ended ? undefined : this.#decoder.space();
    this.#aimed = place !== undefined;
    if (place !== undefined) return place;
    return this.#largeFrame ? this.#scratch.subarray(0, smallScratchBytes) : this.#scratch;
  }

  filled(size: number): boolean {
    if (!this.#aimed) return this.received(this.#scratch.subarray(0, size));
    this.#heardMs = performance.now();
    return this.#guarded(() => {
      this.#user.onPayload(this.#decoder.filled(size));
    });
  }

  received(bytes: Uint8Array): boolean {
    this.#heardMs = performance.now();
    if (this.#ended) return true; // read on, so that the peer's end is seen
    try {
      this.#decoder.push(bytes);
    } catch (error) {
      this.#break(error as Error);
      return !this.#paused;
    }
    return this.#decode();
  }

  closed(error: Error | undefined): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#timer !== undefined) clearInterval(this.#timer);
    for (const pong of this.#pongs.values()) pong(); // none will come
    this.#pongs.clear();
    const lost = this.#ended ? undefined : (error ?? new Error("the peer closed the connection without a goodbye"));
    this.#user.onClosed(this.#failure ?? lost);
  }

  // ---------------------------------------------------------------- decoding

  /** false: stop reading. */
  #decode(): boolean {
    return this.#guarded(() => {
      while (!this.#paused && !this.#ended) {
        const item = this.#decoder.next();
        if (item === undefined) return;
        if (item.type === "payload") this.#user.onPayload(item);
        else this.#hear(item);
      }
    });
  }

  #guarded(work: () => void): boolean {
    this.#decoding = true;
    try {
      work();
    } catch (error) {
      this.#break(error as Error);
    } finally {
      this.#decoding = false;
    }
    return !this.#paused; // after the end too, so that the peer's end is seen
  }

  #break(error: Error): void {
    if (this.#user.onBroken !== undefined && !this.over) this.#user.onBroken(error);
    else this.fail(error);
  }

  #hear(message: WireMessage): void {
    if (message.type === "ping") {
      const received = this.#options.now();
      this.send({ type: "pong", id: message.id, sent: message.sent, received, answered: this.#options.now() });
    } else if (message.type === "pong") {
      if (message.id < 1n || message.id > this.#pings) throw protocolError("a pong answers no ping");
      if (message.id > this.#ponged) this.#ponged = message.id;
      this.clock.add(message.sent, message.received, message.answered, this.#options.now());
      this.#pongs.get(message.id)?.();
      this.#pongs.delete(message.id);
      if (this.#pings < firstPings) this.ping();
    } else {
      this.#user.onMessage(message);
    }
  }

  // ---------------------------------------------------------------- is the peer there?

  #watch(): void {
    clearInterval(this.#timer);
    const limits = [this.#idleMs, this.#peerIdleMs].filter((ms) => ms > 0);
    const everyMs = Math.max(lookEveryMsMin, Math.min(pingEveryMsMax, ...limits.map((ms) => ms / looksPerIdleTime)));
    this.#timer = setInterval(() => this.#look(everyMs), everyMs);
    this.#timer.unref();
  }

  #look(everyMs: number): void {
    const idleMs = this.#idleMs;
    const now = performance.now();
    // Paused, or after this thread stood still, what the peer said may wait in the kernel.
    if (this.#paused || now - this.#lookedMs > 2 * everyMs) this.#heardMs = now;
    this.#lookedMs = now;
    if (idleMs > 0 && now - this.#heardMs > idleMs) {
      this.fail(new Error(`nothing came from ${this.link.peer} for ${idleMs} ms`));
      return;
    }
    // One that cannot leave is not repeated: a frame on its way bears few messages between its pieces.
    const leaves = this.#ponged === this.#pings || this.link.unsent === 0;
    if (this.#mayPing && leaves && now - this.#pingMs >= everyMs) this.ping();
  }
}
