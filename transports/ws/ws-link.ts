/** A WebSocket as a link: the messages of docs/wire.md, cut as they were written. */
import type { WebSocket } from "ws";
import type { Link, LinkReader } from "../remote/link.ts";

/** A peer gets so long to answer the end of a connection, ms. */
const closeMs = 1000;

export class WsLink implements Link {
  readonly carrier: string;
  readonly peer: string;
  readonly #socket: WebSocket;
  #reader: LinkReader | undefined;
  #error: Error | undefined;
  #writes = 0;
  #closed = false;

  constructor(carrier: string, peer: string, socket: WebSocket) {
    this.carrier = carrier;
    this.peer = peer;
    this.#socket = socket;
    socket.binaryType = "nodebuffer";
    socket.on("error", (error) => {
      this.#error ??= error;
    });
    socket.on("close", () => {
      this.#closed = true;
      this.#tellClosed();
    });
  }

  start(reader: LinkReader): void {
    this.#reader = reader;
    this.#socket.on("message", (data, isBinary) => {
      if (!isBinary) {
        this.#error ??= new Error("the peer sent text, expected binary messages");
        this.#socket.terminate();
      } else if (this.#reader !== undefined && !reader.received(data as Buffer)) {
        this.#socket.pause();
      }
    });
    this.#socket.resume();
    if (this.#closed) this.#tellClosed();
  }

  get unsent(): number {
    return this.#socket.bufferedAmount;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    if (this.#socket.isPaused) this.#socket.resume();
  }

  write(parts: readonly Uint8Array[], done?: () => void): void {
    const socket = this.#socket;
    if (socket.readyState !== socket.OPEN) {
      done?.();
      return;
    }
    for (const part of parts.slice(0, -1)) socket.send(part, { binary: true });
    this.#writes++;
    socket.send(parts.at(-1) as Uint8Array, { binary: true }, () => {
      this.#writes--;
      done?.();
      if (this.#closed) this.#tellClosed();
    });
  }

  end(): void {
    this.#socket.resume(); // its answer must be read
    this.#socket.close(1000);
    this.#destroyWhenSent();
  }

  /** The peer gets its time to answer once it has everything. */
  #destroyWhenSent(): void {
    const { unsent } = this;
    setTimeout(() => (unsent === 0 ? this.destroy() : this.#destroyWhenSent()), closeMs).unref();
  }

  destroy(): void {
    this.#socket.terminate();
  }

  #tellClosed(): void {
    if (this.#writes > 0 || this.#reader === undefined) return;
    const reader = this.#reader;
    this.#reader = undefined;
    reader.closed(this.#error);
  }
}
