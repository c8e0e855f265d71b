/**
 * A producer that listens for WebSockets and speaks docs/wire.md by itself: what it sends, and when, is the test's to
 * say. It keeps the rules of a seat unless it is told to break them.
 */
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import type { FormatDescription } from "../../sdk/base/format.ts";
import {
  chunksOf,
  Decoder,
  encodeMessage,
  encodeOpening,
  noPts,
  type WireMessage,
} from "../../transports/wire/index.ts";

type Hello = Extract<WireMessage, { type: "hello" }>;
type FrameHead = Extract<WireMessage, { type: "frame" }>;
type Credit = Extract<WireMessage, { type: "credit" }>;

export interface PostedFrame {
  pixels: Uint8Array;
  number: bigint;
  head: Partial<FrameHead>;
}

const none = new Uint8Array(0);
const epochs = { next: 1n };
const nowNs = () => process.hrtime.bigint();
const overwrites = 1;

/** One consumer's seat. */
export class WireSeat {
  readonly hello: Hello;
  readonly url: string;
  readonly socket: WebSocket;
  /** All that the peer said behind its hello, pings left out. */
  readonly heard: WireMessage[] = [];
  credit: Credit = { type: "credit", granted: 0n, acquired: 0n, skipped: 0n, frame: 0n };
  sent = 0n;
  pings = 0;
  /** The most frames that were sent and not acquired. */
  outstandingMax = 0n;
  answersPings = true;
  closed = false;
  readonly #queue: PostedFrame[] = [];
  #skipped = 0n;
  #layout = 0;
  #format: FormatDescription;

  constructor(socket: WebSocket, url: string, hello: Hello, format: FormatDescription) {
    this.socket = socket;
    this.url = url;
    this.hello = hello;
    this.#format = format;
    socket.on("close", () => {
      this.closed = true;
    });
  }

  get waiting(): number {
    return this.#queue.length;
  }

  send(...messages: WireMessage[]): void {
    this.socket.send(Buffer.concat(messages.map((message) => encodeMessage(message))));
  }

  welcome(epoch: bigint, connection: bigint, idleMs = 0): void {
    const { policy } = this.hello;
    if (policy === undefined) throw new Error("a consumer has a policy");
    this.send({ type: "welcome", connection, epoch, idleMs, policy });
  }

  /** Frames that are posted from now on have this format. */
  reformat(format: FormatDescription): void {
    this.#format = format;
    this.#layout++;
    this.send({ type: "layout", layout: this.#layout, format });
  }

  /** As the core does it for the policy of the hello. */
  post(frame: PostedFrame): void {
    this.#queue.push(frame);
    const policy = this.hello.policy;
    if (policy?.whenFull === overwrites && this.#queue.length > policy.capacity) {
      this.#queue.shift();
      this.#skipped++;
    }
    this.pump();
  }

  pump(): void {
    while (this.#queue.length > 0 && this.#may()) {
      const frame = this.#queue.shift() as PostedFrame;
      this.sendFrame(frame, { skipped: this.#skipped });
      this.#skipped = 0n;
    }
  }

  /** Whether anybody granted it or not. */
  sendFrame({ pixels, number, head }: PostedFrame, more: Partial<FrameHead> = {}, chunkBytes?: number): void {
    if (this.#layout === 0) this.reformat(this.#format);
    const message: FrameHead = {
      type: "frame",
      number,
      epoch: 1n,
      pts: noPts,
      duration: 0n,
      captured: nowNs(),
      posted: nowNs(),
      skipped: 0n,
      size: pixels.length,
      layout: this.#layout,
      ...{ metadata: none, block0: none, block1: none, block2: none, block3: none },
      ...head,
      ...more,
    };
    this.send(message);
    for (const { head: chunkHead, payload } of chunksOf(pixels, chunkBytes)) {
      this.socket.send(chunkHead);
      this.socket.send(payload.slice());
    }
    this.sent++;
    const outstanding = this.sent - this.credit.acquired;
    if (outstanding > this.outstandingMax) this.outstandingMax = outstanding;
  }

  #may(): boolean {
    const policy = this.hello.policy;
    if (policy?.whenFull === overwrites) return this.sent < this.credit.granted;
    return this.sent - this.credit.acquired < BigInt(policy?.capacity ?? 0);
  }

  hear(message: WireMessage): void {
    if (message.type === "ping") {
      this.pings++;
      const received = nowNs();
      const { id, sent } = message;
      if (this.answersPings) this.send({ type: "pong", id, sent, received, answered: nowNs() });
      return;
    }
    this.heard.push(message);
    if (message.type !== "credit") return;
    this.credit = message;
    this.pump();
  }
}

export interface WireProducerOptions {
  format: FormatDescription;
  /** @default any */
  token?: string;
  /** Whether a consumer is welcomed at once. @default true */
  welcomes?: boolean;
  port?: number;
  idleMs?: number;
}

export class WireProducer {
  readonly port: number;
  readonly epoch = epochs.next++;
  readonly seats: WireSeat[] = [];
  readonly #server: WebSocketServer;
  readonly #options: WireProducerOptions;
  #number = 0n;
  #onSeat: (() => void) | undefined;

  private constructor(server: WebSocketServer, options: WireProducerOptions) {
    this.#server = server;
    this.#options = options;
    this.port = (server.address() as AddressInfo).port;
    server.on("connection", (socket, { url = "" }) => this.#accept(socket, url));
  }

  static async listen(options: WireProducerOptions): Promise<WireProducer> {
    const server = new WebSocketServer({ host: "127.0.0.1", port: options.port ?? 0, perMessageDeflate: false });
    await new Promise((resolve, reject) => server.once("listening", resolve).once("error", reject));
    return new WireProducer(server, options);
  }

  get address(): string {
    return `ws://127.0.0.1:${this.port}/cam1`;
  }

  /** The seat number `index`, from 0, once it is there. */
  async seat(index: number): Promise<WireSeat> {
    while (this.seats.length <= index) {
      await new Promise<void>((resolve) => {
        this.#onSeat = resolve;
      });
    }
    return this.seats[index] as WireSeat;
  }

  /** To everybody. The frame's number. */
  post(pixels: Uint8Array, head: Partial<FrameHead> = {}): bigint {
    this.#number++;
    for (const seat of this.seats) if (!seat.closed) seat.post({ pixels, number: this.#number, head });
    return this.#number;
  }

  /** Without a word, as a process that is killed. */
  async kill(): Promise<void> {
    for (const { socket } of this.seats) socket.terminate();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(socket: WebSocket, url: string): void {
    const decoder = new Decoder();
    let seat: WireSeat | undefined;
    socket.send(encodeOpening());
    socket.on("error", () => {});
    socket.on("message", (data: Buffer) => {
      decoder.push(data);
      for (let item = decoder.next(); item !== undefined; item = decoder.next()) {
        if (item.type === "payload") throw new Error("a consumer sends pixels");
        if (item.type === "hello") seat = this.#admit(socket, url, item);
        else seat?.hear(item);
        decoder.trust();
      }
    });
  }

  #admit(socket: WebSocket, url: string, hello: Hello): WireSeat | undefined {
    const seat = new WireSeat(socket, url, hello, this.#options.format);
    if (this.#options.token !== undefined && hello.token !== this.#options.token) {
      seat.send({ type: "refused", code: "ERR_BAD_ACCESS", reason: 'stream "cam1": the token does not allow it' });
      socket.close();
      return undefined;
    }
    this.seats.push(seat);
    if (this.#options.welcomes ?? true) seat.welcome(this.epoch, BigInt(this.seats.length), this.#options.idleMs ?? 0);
    this.#onSeat?.();
    return seat;
  }
}
