/** One life of a consumer: from the hand-shake to the goodbye, with the frames that came in between. */
import { protocolError } from "../../transports/wire/codes.ts";
import { noPts, type Payload, type WireMessage } from "../../transports/wire/index.ts";
import { StreamError } from "../base/errors.ts";
import { toFrameLayout } from "../base/format.ts";
import type { RemoteStats } from "../base/stats-types.ts";
import type { DisconnectCause, FormatChangeEvent, FrameLayout, StreamState } from "../base/types.ts";
import { aborted, type NoFrame } from "../flow.ts";
import { onDisconnect } from "../native-policy.ts";
import { type Arrival, Inbox, type InboxCounters } from "./inbox.ts";
import type { ConnectRequest } from "./options.ts";
import { nowNs } from "./page-clock.ts";
import { type FrameFacts, ReceivedFrame } from "./received-frame.ts";
import { type Slot, SlotPool } from "./slot-pool.ts";
import { type SessionUser, SocketSession } from "./socket-session.ts";

type FrameHead = Extract<WireMessage, { type: "frame" }>;

/** A frame that arrives or waits. */
interface Pending extends Arrival {
  readonly head: FrameHead;
  readonly layout: FrameLayout;
  readonly slot: Slot;
}

/** The frame acquired last; its slot stays until the next one, because it can be acquired again. */
interface Current {
  readonly facts: FrameFacts;
  readonly slot: Slot;
  lease: ReceivedFrame;
  /** false after a reset of the producer: whoever holds it may go on reading, nobody gets it again. */
  reusable: boolean;
}

interface Meeting {
  resolve(): void;
  reject(error: StreamError): void;
}

/** Who is told. */
export interface ConnectionUser {
  /** The state may be another one, or a frame is there. */
  onChange(): void;
  /** The frame that is just being acquired is the first of another layout. */
  onFormat(change: FormatChangeEvent): void;
}

/** What the producer can be told about the connection that this one follows. */
export interface Previous {
  epoch: bigint;
  connection: bigint;
}

const hello = (request: ConnectRequest, { epoch, connection }: Previous): WireMessage => ({
  type: "hello",
  role: "consume",
  stream: request.stream,
  client: request.client,
  token: request.token,
  userInfo: new Uint8Array(0),
  formatMask: request.formatMask,
  idleMs: request.idleMs,
  previousEpoch: epoch,
  previous: connection,
  policy: request.policy,
});

export class Connection implements SessionUser {
  connection = 0n;
  epoch = 0n;
  cause: DisconnectCause = "none";
  reason = "";
  readonly #user: ConnectionUser;
  readonly #peer: string;
  readonly #drains: boolean;
  readonly #inbox: Inbox<Pending>;
  readonly #pool = new SlotPool();
  readonly #session: SocketSession;
  readonly #meeting: Meeting;
  /** Resolves when the producer's side took this consumer. */
  readonly met: Promise<void>;
  #welcomed = false;
  #layout: { id: number; layout: FrameLayout } | undefined;
  #arriving: Pending | undefined;
  #arrivedBytes = 0n;
  #current: Current | undefined;
  #creditDue = false;
  #closed = false;

  constructor(request: ConnectRequest, previous: Previous, user: ConnectionUser) {
    this.#user = user;
    this.#peer = new URL(request.url).host;
    this.#drains = request.policy.onDisconnect === onDisconnect.drain;
    this.#inbox = new Inbox(request.policy, request.demand);
    let meeting: Meeting | undefined;
    this.met = new Promise((resolve, reject) => {
      meeting = { resolve, reject };
    });
    this.#meeting = meeting as unknown as Meeting;
    this.#session = new SocketSession(request.url, [hello(request, previous)], request.idleMs, this);
  }

  get state(): StreamState {
    if (this.#closed) return "disconnected";
    if (this.#inbox.waiting > 0) return "new-frame-available";
    if (this.cause !== "none") return "disconnected";
    if (this.#current?.reusable) return "old-frame-available";
    if (this.epoch !== 0n) return "empty";
    return this.#welcomed ? "connecting" : "initializing";
  }

  get counters(): InboxCounters {
    return this.#inbox.counters;
  }

  /** Frames leased now. */
  get held(): bigint {
    return this.#current !== undefined && !this.#current.lease.released ? 1n : 0n;
  }

  get remote(): Omit<RemoteStats, "transfer"> {
    const clock = this.#session.clock.estimate(nowNs());
    return {
      peer: this.#peer,
      arrived: this.#inbox.arrived,
      arrivedBytes: this.#arrivedBytes,
      roundTrip: clock?.roundTrip,
      clockOffset: clock?.offset,
      clockError: clock?.error,
    };
  }

  /** The newest layout announced. */
  get layout(): FrameLayout | undefined {
    return this.#layout?.layout;
  }

  /** One try. */
  take(newOnly: boolean): ReceivedFrame | NoFrame {
    if (this.#closed) return "closed";
    const next = this.#inbox.take();
    if (next !== undefined) return this.#deliver(next.frame, next.skipped);
    if (this.cause !== "none") return this.cause.startsWith("evicted") ? "evicted" : "closed";
    this.#inbox.want();
    this.#tellCredit();
    if (newOnly || !this.#current?.reusable) return "would-block";
    this.#current.lease.release();
    this.#current.lease = new ReceivedFrame(this.#current.facts, this.#current.slot, false);
    return this.#current.lease;
  }

  /** Ends the connection and its lease. */
  close(): void {
    if (this.#closed) return;
    this.#session.send({ type: "bye", cause: "consumer-closed", reason: "" });
    this.#leave("consumer-closed", "");
    this.#closed = true;
    this.#recycle(this.#inbox.discardAll());
    this.#current?.lease.release();
    this.#session.end();
  }

  /** Gives up on a hand-shake. */
  abandon(error: StreamError): void {
    this.#meeting.reject(error);
    this.#closed = true;
    this.#session.end();
  }

  // ---------------------------------------------------------------- SessionUser

  onMessage(message: WireMessage): void {
    switch (message.type) {
      case "welcome":
        this.#welcome(message);
        break;
      case "refused":
        this.#refused(message);
        break;
      case "layout":
        this.#announced(message);
        break;
      case "frame":
        this.#begin(message);
        break;
      case "reset":
        this.#reset(message.frame);
        break;
      case "bye":
        this.#leave(message.cause === "none" ? "producer-closed" : message.cause, message.reason);
        this.#session.end();
        break;
      case "attributes": // this end insists on nothing, so nothing can clash
      case "report":
      case "state":
      case "streamInfo":
      case "userInfo":
        break;
      default:
        throw protocolError(`a producer does not send "${message.type}"`);
    }
  }

  onPayload({ last }: Payload): void {
    if (last) this.#complete();
  }

  onClosed(error: StreamError | undefined): void {
    this.#meeting.reject(error ?? new StreamError("ERR_NOT_FOUND", "the connection ended before it was there"));
    this.#leave("producer-lost", error?.message ?? "");
  }

  #welcome({ connection, epoch, idleMs }: Extract<WireMessage, { type: "welcome" }>): void {
    this.connection = connection;
    this.epoch = epoch;
    this.#session.met(idleMs);
    if (!this.#welcomed) {
      this.#welcomed = true;
      this.#tellCredit();
      this.#meeting.resolve();
    }
    this.#user.onChange();
  }

  #refused({ code, reason }: Extract<WireMessage, { type: "refused" }>): void {
    this.#meeting.reject(new StreamError(code, `the producer refused: ${reason}`));
    this.#leave("refused", reason);
    this.#session.end();
  }

  #announced({ layout, format }: Extract<WireMessage, { type: "layout" }>): void {
    this.#layout = { id: layout, layout: toFrameLayout(format) };
    this.#pool.resize(format.size);
  }

  #begin(head: FrameHead): void {
    if (this.#layout === undefined || this.#layout.id !== head.layout) throw protocolError("a frame has no layout");
    this.#inbox.expect();
    const { layout } = this.#layout;
    const { number, skipped, size } = head;
    this.#arriving = { number, skipped, head, layout, slot: this.#pool.take() };
    if (size === 0) this.#complete();
    else this.#session.aim(new Uint8Array(this.#arriving.slot.buffer, 0, size));
  }

  #complete(): void {
    const frame = this.#arriving as Pending;
    this.#arriving = undefined;
    this.#arrivedBytes += BigInt(frame.head.size);
    this.#recycle(this.#inbox.put(frame));
    this.#tellCredit();
    this.#user.onChange();
  }

  #reset(number: bigint): void {
    this.#recycle(this.#inbox.reset(number));
    if (this.#current !== undefined) this.#current.reusable = false;
    this.#tellCredit();
    this.#user.onChange();
  }

  // ---------------------------------------------------------------- frames

  #deliver({ head, layout, slot }: Pending, skipped: bigint): ReceivedFrame {
    const before = this.#current;
    if (before !== undefined) {
      before.lease.release();
      this.#pool.give(before.slot);
    }
    const facts = this.#factsOf(head, layout, skipped);
    const lease = new ReceivedFrame(facts, slot, true);
    this.#current = { facts, slot, lease, reusable: true };
    this.#tellCredit();
    if (before !== undefined && before.facts.layoutId !== head.layout) {
      this.#user.onFormat({ layout, previous: before.facts.layout });
    }
    return lease;
  }

  #factsOf(head: FrameHead, layout: FrameLayout, skipped: bigint): FrameFacts {
    const { number, pts, duration, epoch, size, metadata, block0, block1, block2, block3 } = head;
    const { clock } = this.#session;
    const timestamps = {
      captured: clock.toOurs(head.captured),
      posted: clock.toOurs(head.posted),
      acquired: nowNs(),
    };
    return {
      ...{ number, skipped, duration, epoch, layout, size, metadata, timestamps },
      pts: pts === noPts ? undefined : pts,
      layoutId: head.layout,
      blocks: [block0, block1, block2, block3],
    };
  }

  #recycle(frames: readonly Pending[]): void {
    for (const { slot } of frames) this.#pool.give(slot);
  }

  /** Once for everything that happens in one turn. */
  #tellCredit(): void {
    if (this.#creditDue) return;
    this.#creditDue = true;
    queueMicrotask(() => {
      this.#creditDue = false;
      if (this.#welcomed) this.#session.send(this.#inbox.credit);
    });
  }

  /** The first cause counts. */
  #leave(cause: DisconnectCause, reason: string): void {
    if (this.cause === "none") {
      this.cause = cause;
      this.reason = reason;
    }
    this.#arriving = undefined;
    const drains = this.#drains && (this.cause === "producer-lost" || this.cause === "producer-closed");
    if (this.cause !== "ended" && !drains) this.#recycle(this.#inbox.discardAll());
    this.#user.onChange();
  }
}

/** @throws StreamError what the producer refused with; ERR_NOT_FOUND: it is not there; ERR_TIMEOUT, ERR_ABORTED */
export function whenMet(life: Connection, timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
  const onTimeout = () => {
    const text = `connecting: no answer within ${timeoutMs} ms`;
    life.abandon(new StreamError("ERR_TIMEOUT", text, { reason: "timeout" }));
  };
  const onAbort = () => life.abandon(aborted("connecting"));
  const timer = setTimeout(onTimeout, timeoutMs);
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted) onAbort();
  return life.met.finally(() => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  });
}
