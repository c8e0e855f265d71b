/** A TCP or TLS socket as a link. */
import type { Socket } from "node:net";
import { StreamError } from "../../sdk/base/errors.ts";
import type { Link, LinkReader } from "../remote/link.ts";

/** Node reads into what `buffer` gives; a socket must be made with it. */
export interface DirectRead {
  buffer(): Uint8Array;
  callback(size: number, buffer: Uint8Array): boolean;
}

/** Stands in for the reader until the link starts. */
export class ReadTarget implements DirectRead {
  reader: LinkReader | undefined;
  /** Asked for when the socket is made, and used for the first read, which comes later. */
  readonly #first = new Uint8Array(4096);

  /** Must always give something: without it Node would go on writing into the place before this one. */
  buffer = (): Uint8Array => this.reader?.space() ?? this.#first;

  callback = (size: number, buffer: Uint8Array): boolean => {
    if (this.reader === undefined) return false;
    return buffer === this.#first ? this.reader.received(buffer.slice(0, size)) : this.reader.filled(size);
  };
}

export class SocketLink implements Link {
  readonly carrier: string;
  readonly peer: string;
  readonly #socket: Socket;
  /** undefined: Node reads into memory of its own, and hands it over. */
  readonly #direct: ReadTarget | undefined;
  #reader: LinkReader | undefined;
  #error: Error | undefined;
  #writes = 0;
  #closed = false;

  constructor(carrier: string, socket: Socket, direct: ReadTarget | undefined) {
    this.carrier = carrier;
    this.#socket = socket;
    this.#direct = direct;
    const { remoteAddress = "?", remotePort = 0, remoteFamily } = socket;
    this.peer = remoteFamily === "IPv6" ? `[${remoteAddress}]:${remotePort}` : `${remoteAddress}:${remotePort}`;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, keepAliveAfterMs);
    socket.unref(); // who waits for something keeps the process alive
    socket.on("error", (error) => {
      this.#error ??= asRefusal(error);
    });
    socket.on("close", () => {
      this.#closed = true;
      this.#tellClosed();
    });
  }

  start(reader: LinkReader): void {
    this.#reader = reader;
    this.#socket.on("end", () => this.#socket.end());
    if (this.#direct === undefined) {
      this.#socket.on("data", (bytes) => {
        if (!reader.received(bytes)) this.#socket.pause();
      });
    } else {
      this.#direct.reader = reader;
    }
    this.#socket.resume();
    if (this.#closed) this.#tellClosed();
  }

  get unsent(): number {
    return this.#socket.writableLength;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#socket.destroyed) this.#socket.resume();
  }

  write(parts: readonly Uint8Array[], done?: () => void): void {
    const socket = this.#socket;
    if (socket.destroyed || socket.writableEnded) {
      done?.();
      return;
    }
    if (parts.length > 1) socket.cork();
    for (const part of parts.slice(0, -1)) socket.write(part);
    this.#writes++;
    socket.write(parts.at(-1) as Uint8Array, () => {
      this.#writes--;
      done?.();
      if (this.#closed) this.#tellClosed();
    });
    if (parts.length > 1) socket.uncork();
  }

  end(): void {
    if (!this.#socket.destroyed) this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #tellClosed(): void {
    if (this.#writes > 0 || this.#reader === undefined) return;
    const reader = this.#reader;
    this.#reader = undefined;
    if (this.#direct !== undefined) this.#direct.reader = undefined;
    reader.closed(this.#error);
  }
}

/** In TLS 1.3 a listener judges the dialler's certificate when that one is connected already. */
function asRefusal(error: NodeJS.ErrnoException): Error {
  return error.code?.startsWith("ERR_SSL_")
    ? new StreamError("ERR_BAD_ACCESS", error.message, { cause: error })
    : error;
}

/** TCP's own probes; the protocol's pings find a dead peer earlier. */
const keepAliveAfterMs = 30_000;
