/**
 * A remote consumer's seat: takes frames off a consumer of this process and sends them. It has the modes of any other
 * seat, for it is one; what is special is that a taken frame goes on occupying its place in a waiting queue until the
 * peer has acquired it (docs/wire.md, "Flow control").
 */
import { AcquireFlag, Flow, FrameInfo, type NativeConsumer } from "../../native/binding.ts";
import { wrapNativeError } from "../../sdk/base/errors.ts";
import { protocolError } from "../wire/codes.ts";
import { chunksOf, type WireMessage } from "../wire/index.ts";
import type { NativeHost } from "./host.ts";
import type { Session } from "./session.ts";

export type Credit = Extract<WireMessage, { type: "credit" }>;

const blocks = [0, 1, 2, 3] as const;
/** The next piece is handed over while the kernel still takes this many before it. */
const chunksInFlight = 2;
const newOnly = AcquireFlag.newOnly;
const whenFullOverwrites = 1;
const onStallOverwrite = 1;

interface Sending {
  lease: number;
  pieces: ReturnType<typeof chunksOf>;
  inFlight: number;
  /** Every piece was handed over. */
  complete: boolean;
}

export class FrameSender {
  readonly seat: NativeConsumer;
  readonly #host: NativeHost;
  readonly #session: Session;
  readonly #onEnd: (sender: FrameSender) => void;
  readonly #flags: number;
  /** Taken frames go on occupying their places. */
  readonly #keepsPlaces: boolean;
  /** Frames go only while the peer granted more than were sent. */
  #granted = 0n;
  #sent = 0n;
  #acquired = 0n;
  #reset = 0n;
  #layout = 0;
  #sending: Sending | undefined;
  #pumping = false;
  #over = false;
  #waiters: (() => void)[] = [];

  /** `onEnd`: the seat gives no more frames, and all that were sent are acquired. */
  constructor(host: NativeHost, seat: NativeConsumer, session: Session, onEnd: (sender: FrameSender) => void) {
    this.#host = host;
    this.seat = seat;
    this.#session = session;
    this.#onEnd = onEnd;
    const { whenFull, onStall } = seat.info().policy;
    // Where the oldest waiting frame may be given up it must be here, not on its way.
    this.#keepsPlaces = whenFull !== whenFullOverwrites && onStall !== onStallOverwrite;
    this.#flags = this.#keepsPlaces ? newOnly | AcquireFlag.keepPlace : newOnly;
  }

  /** Frames that are on their way or wait at the peer. */
  get #outstanding(): bigint {
    return this.#sent - this.#acquired;
  }

  /** No frame is on its way. */
  get idle(): boolean {
    return this.#sending === undefined;
  }

  credit({ granted, acquired }: Credit): void {
    const freed = acquired - this.#acquired;
    if (freed < 0n || acquired > this.#sent) throw protocolError("frames were acquired that were not sent");
    this.#acquired = acquired;
    if (granted > this.#granted) this.#granted = granted;
    if (this.#keepsPlaces && freed > 0n) this.seat.consume(Number(freed));
    this.pump();
  }

  /** Sends what may be sent. Spurious calls are harmless. */
  pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      if (!this.#over) this.#tellReset();
      while (!this.#over && this.#sendMore()) {}
    } finally {
      this.#pumping = false;
    }
    if (this.idle) for (const told of this.#waiters.splice(0)) told();
  }

  /** Resolves when all was handed to the link that may be sent now. */
  caughtUp(): Promise<void> {
    const caught = new Promise<void>((resolve) => {
      this.#waiters.push(resolve);
    });
    this.pump();
    return caught;
  }

  /** The link is gone: every write has called back. */
  close(): void {
    this.#over = true;
    this.#sending = undefined;
    this.seat.close();
    this.pump();
  }

  /** From the link: what the core throws ends this peer, and nobody else. */
  #pumpAside(): void {
    try {
      this.pump();
    } catch (error) {
      this.#session.fail(wrapNativeError(error) as Error);
    }
  }

  /** true: go on. */
  #sendMore(): boolean {
    if (this.#sending !== undefined) return this.#sendPiece(this.#sending);
    if (this.#granted <= this.#sent) {
      this.#lookForEnd();
      return false;
    }
    const flow = this.seat.tryAcquire(this.#flags);
    if (flow === Flow.ok) {
      this.#begin();
      return true;
    }
    if (flow !== Flow.wouldBlock) this.#end();
    return false;
  }

  /** A peer that grants nothing must still learn of the end. */
  #lookForEnd(): void {
    const state = this.#host.state(this.seat.state());
    if (state === "disconnected" && this.seat.info().waiting === 0n) this.#end();
    else if (state !== "disconnected" && this.seat.arm() === Flow.closed) this.#end();
  }

  #begin(): void {
    const info = this.#host.binding.frameInfo;
    const word = (index: number): bigint => info[index] as bigint;
    const lease = Number(word(FrameInfo.lease));
    const size = Number(word(FrameInfo.size));
    const layout = Number(word(FrameInfo.layout));
    const hasMetadata = word(FrameInfo.metadataSize) > 0n;
    const head = {
      number: word(FrameInfo.number),
      epoch: BigInt.asUintN(64, word(FrameInfo.epoch)),
      pts: word(FrameInfo.pts),
      duration: word(FrameInfo.duration),
      captured: word(FrameInfo.captured),
      posted: word(FrameInfo.posted),
      skipped: word(FrameInfo.skipped),
      size,
      layout,
    };
    this.#tellReset(); // a producer of another process may have been reset since the last look
    if (layout !== this.#layout) this.#announce(layout);
    const [block0, block1, block2, block3] = blocks.map((block) => this.seat.metadataBlock(lease, block));
    const metadata = hasMetadata ? this.seat.metadata(lease) : none;
    this.#session.send({
      type: "frame",
      ...head,
      metadata,
      block0: block0 as Uint8Array,
      block1: block1 as Uint8Array,
      block2: block2 as Uint8Array,
      block3: block3 as Uint8Array,
    });
    this.#sent++;
    const pixels = new Uint8Array(this.seat.view(lease));
    this.#sending = { lease, pieces: chunksOf(pixels), inFlight: 0, complete: false };
  }

  /** The format of the frames that follow. */
  #announce(layout: number): void {
    this.#layout = layout;
    this.#session.send({ type: "layout", layout, format: this.seat.format(layout) });
  }

  /** What the first frame will look like, so that the peer can make room for it before it comes. */
  announceFirst(): void {
    const { layout } = this.seat.info();
    if (layout !== 0 && this.#layout === 0) this.#announce(layout);
  }

  #sendPiece(sending: Sending): boolean {
    if (sending.complete || sending.inFlight >= chunksInFlight) return false;
    const piece = sending.pieces.next();
    if (piece.done) {
      sending.complete = true;
      return this.#finish(sending);
    }
    sending.inFlight++;
    this.#session.link.write([piece.value.head, piece.value.payload], () => {
      sending.inFlight--;
      if (!this.#finish(sending) && this.#session.over) sending.complete = true;
      this.#pumpAside();
    });
    return true;
  }

  /** true: the frame is out, and its slot is given back. */
  #finish(sending: Sending): boolean {
    if (!sending.complete || sending.inFlight > 0) return false;
    if (this.#sending === sending) this.#sending = undefined;
    if (!this.#over) this.seat.release(sending.lease);
    return true;
  }

  /** What waits at the peer was discarded by the producer's reset. */
  #tellReset(): void {
    const reset = this.seat.resetNumber();
    if (reset === this.#reset) return;
    this.#reset = reset;
    this.#session.send({ type: "reset", frame: reset });
  }

  #end(): void {
    if (this.#keepsPlaces && this.#outstanding > 0n && this.#drains()) return; // credits follow
    this.#over = true;
    this.#onEnd(this);
  }

  /** The peer reads what was sent before it is told that there is no more. */
  #drains(): boolean {
    const cause = this.#host.cause(this.seat.info().cause);
    return cause === "ended";
  }
}

const none = new Uint8Array(0);
