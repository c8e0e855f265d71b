/** A peer that does as it likes: raw sockets, and messages in any order. */
import { connect, type Socket } from "node:net";
import type { NativePolicy } from "../../native/binding.ts";
import { Decoder, encodeMessage, encodeOpening, type WireItem, type WireMessage } from "../../transports/wire/index.ts";

export const mailbox: NativePolicy = {
  capacity: 1,
  whenFull: 1,
  pick: 1,
  onStall: 0,
  start: 0,
  onDisconnect: 0,
  noReuse: false,
  maxHeld: 1,
  maxWaitMs: -1,
  maxLag: 0,
  maxLagTotal: 0,
  label: "mailbox",
};

export const fifo: NativePolicy = {
  ...mailbox,
  capacity: 4,
  whenFull: 0,
  pick: 0,
  onDisconnect: 1,
  maxWaitMs: 100,
  label: "fifo",
};

type Hello = Extract<WireMessage, { type: "hello" }>;

export function hello(fields: Partial<Hello> = {}): Hello {
  return {
    type: "hello",
    role: "consume",
    stream: "target",
    client: "attacker",
    token: "",
    userInfo: new Uint8Array(0),
    formatMask: 0,
    idleMs: 0,
    previousEpoch: 0n,
    previous: 0n,
    policy: fields.role === undefined || fields.role === "consume" ? mailbox : undefined,
    ...fields,
  };
}

export const noise = (size: number): Uint8Array => {
  const bytes = new Uint8Array(size);
  for (let index = 0, state = 0x2545f491; index < size; index++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
};

export class Attacker {
  readonly socket: Socket;
  /** What the victim said. */
  readonly heard: WireItem[] = [];
  bytesRead = 0;
  /** Resolves when the connection is over. */
  readonly closed: Promise<void>;
  #decoder = new Decoder();

  constructor(socket: Socket) {
    this.socket = socket;
    this.#decoder.trust();
    socket.on("error", () => {}); // being cut off is the point
    this.closed = new Promise((resolve) => socket.once("close", () => resolve()));
    socket.on("data", (bytes) => this.#hear(bytes));
  }

  send(...messages: (WireMessage | Uint8Array)[]): this {
    for (const message of messages) {
      this.socket.write(message instanceof Uint8Array ? message : encodeMessage(message));
    }
    return this;
  }

  /** Opening and hello. */
  greet(fields: Partial<Hello> = {}): this {
    return this.send(encodeOpening(), hello(fields));
  }

  get saidTypes(): string[] {
    return this.heard.map(({ type }) => type);
  }

  /** The sentence that it was turned away with. */
  get refusal(): string | undefined {
    const refused = this.heard.find((item) => item.type === "refused");
    return refused?.type === "refused" ? `${refused.code}: ${refused.reason}` : undefined;
  }

  destroy(): void {
    this.socket.destroy();
  }

  #hear(bytes: Buffer): void {
    this.bytesRead += bytes.length;
    this.#decoder.push(bytes);
    for (let item = this.#decoder.next(); item !== undefined; item = this.#decoder.next()) {
      this.heard.push(item.type === "payload" ? { ...item, bytes: item.bytes.slice(0, 0) } : item);
    }
  }
}

export function attack(port: number): Promise<Attacker> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.removeListener("error", reject);
      resolve(new Attacker(socket));
    });
  });
}

/** A header alone: it may announce what it likes. */
export function header(type: number, size: number): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, size, true);
  view.setUint16(4, type, true);
  return bytes;
}
