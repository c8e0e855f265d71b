/** A link without a socket: bytes are handed to its reader as a TCP socket does it, or as a WebSocket does. */
import type { Link, LinkReader } from "../../../transports/remote/link.ts";
import { Decoder, type WireItem } from "../../../transports/wire/index.ts";

export class FakeLink implements Link {
  readonly carrier = "tcp";
  readonly peer = "192.0.2.7:4711";
  readonly unsent = 0;
  readonly written: Uint8Array[] = [];
  ended = false;
  destroyed = false;
  paused = true;
  readonly #direct: boolean;
  #reader: LinkReader | undefined;
  #place: Uint8Array = new Uint8Array(0);
  #closed = false;

  /** `direct`: it reads into places that its reader gives. */
  constructor(direct: boolean) {
    this.#direct = direct;
  }

  /** Where the next bytes would go, if any came. */
  get reads(): Uint8Array | undefined {
    return this.#direct && !this.paused && !this.destroyed ? this.#place : undefined;
  }

  start(reader: LinkReader): void {
    this.#reader = reader;
    this.#place = reader.space();
    this.paused = false;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  write(parts: readonly Uint8Array[], done?: () => void): void {
    if (!this.ended && !this.destroyed) this.written.push(...parts.map((part) => part.slice()));
    done?.();
  }

  end(): void {
    this.ended = true;
  }

  destroy(): void {
    this.destroyed = true;
  }

  /** The peer's bytes come. What was not read is returned. */
  deliver(bytes: Uint8Array): Uint8Array {
    let rest = bytes;
    while (rest.length > 0 && !this.paused && !this.destroyed && this.#reader !== undefined) {
      const part = rest.subarray(0, this.#direct ? this.#place.length : rest.length);
      rest = rest.subarray(part.length);
      let goOn: boolean;
      if (this.#direct) {
        this.#place.set(part);
        goOn = this.#reader.filled(part.length);
        this.#place = this.#reader.space();
      } else {
        goOn = this.#reader.received(part.slice());
      }
      if (!goOn) this.paused = true;
    }
    return rest;
  }

  /** The peer is gone. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.destroyed = true;
    this.#reader?.closed(undefined);
  }

  /** What was written to the peer. */
  said(): WireItem[] {
    const decoder = new Decoder();
    decoder.trust();
    const items: WireItem[] = [];
    for (const bytes of this.written) {
      decoder.push(bytes);
      for (let item = decoder.next(); item !== undefined; item = decoder.next()) items.push(item);
    }
    return items;
  }
}
