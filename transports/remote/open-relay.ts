/** A remote stream's frames, posted straight into a stream of this process that others may share. */
import type { NativePolicy } from "../../native/binding.ts";
import { StreamError } from "../../sdk/base/errors.ts";
import type { Payload, WireAttributes, WireMessage } from "../wire/index.ts";
import type { ClockEstimate } from "./clock.ts";
import { greet, meet } from "./hand-shake.ts";
import type { NativeHost } from "./host.ts";
import type { Dial } from "./link.ts";
import type { Publication } from "./offer.ts";
import { type PeerEnd, ProducerSeat } from "./producer-seat.ts";
import type { Session, SessionUser } from "./session.ts";

export interface RelayRequest {
  stream: string;
  policy: NativePolicy;
  client: string;
  token: string;
  attributes: WireAttributes | undefined;
  idleMs: number;
  timeoutMs: number;
  signal: AbortSignal;
}

/** What it knows of the connection. */
export interface Relay {
  /** Address and port of the other end. */
  readonly peer: string;
  readonly connection: bigint;
  /** 0n: the stream has no producer yet. */
  readonly epoch: bigint;
  /** How it ended. */
  readonly ended: Promise<PeerEnd>;
  /** undefined until a first ping was answered. */
  clock(): ClockEstimate | undefined;
  /** Says goodbye; `ended` follows. */
  close(): void;
}

type Welcome = Extract<WireMessage, { type: "welcome" }>;

const whenFullOverwrites = 1;
/** Of a mailbox: one that is posted, and one that arrives. */
const mailboxRoom = 2;

/** Resolves when the peer took the connection. @throws StreamError as `meet`, and what `dial` throws */
export async function openRelay(
  host: NativeHost,
  dial: Dial,
  publication: Publication,
  request: RelayRequest,
): Promise<Relay> {
  const { stream, policy, client, token, attributes, idleMs, timeoutMs, signal } = request;
  const link = await dial(signal, timeoutMs);
  const first = greet({ role: "consume", stream, client, token, idleMs, attributes, policy });
  const meeting = { now: () => host.binding.now(), idleMs, timeoutMs, signal, first };
  return meet(link, meeting, (message, session) => {
    if (message.type === "bye") throw new StreamError("ERR_BAD_MATCH", message.reason);
    return message.type === "welcome" ? new RelaySeat(host, publication, session, message) : undefined;
  });
}

/** The peer's frames are the seat's business; what is left is to know the connection, and to end it. */
class RelaySeat implements SessionUser, Relay {
  readonly peer: string;
  readonly ended: Promise<PeerEnd>;
  connection = 0n;
  epoch = 0n;
  readonly #host: NativeHost;
  readonly #session: Session;
  readonly #seat: ProducerSeat;

  constructor(host: NativeHost, publication: Publication, session: Session, welcome: Welcome) {
    this.#host = host;
    this.#session = session;
    this.peer = session.link.peer;
    let tellEnd: (end: PeerEnd) => void = () => {};
    this.ended = new Promise<PeerEnd>((resolve) => {
      tellEnd = resolve;
    });
    const { capacity, whenFull } = welcome.policy;
    const room = whenFull === whenFullOverwrites && capacity === 1 ? mailboxRoom : capacity;
    this.#seat = new ProducerSeat(host, publication, session, tellEnd, room);
    this.#welcome(welcome);
    session.handOver(this);
    session.trust();
  }

  clock(): ClockEstimate | undefined {
    return this.#session.clock.estimate(this.#host.binding.now());
  }

  close(): void {
    this.#seat.close("");
  }

  onMessage(message: WireMessage): void {
    if (message.type === "welcome") this.#welcome(message);
    else this.#seat.onMessage(message);
  }

  onPayload(payload: Payload): void {
    this.#seat.onPayload(payload);
  }

  onClosed(error: Error | undefined): void {
    this.#seat.onClosed(error);
  }

  /** Once more when a stream that had no producer has one. */
  #welcome({ connection, epoch }: Welcome): void {
    this.connection = connection;
    this.epoch = epoch;
  }
}
