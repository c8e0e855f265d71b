/** A carrier of bytes in both directions, in order: a TCP connection, a TLS one, or a WebSocket. */

/** Who reads a link. A method that returns false stops the reading until `resume`. */
export interface LinkReader {
  /** Where the next bytes are read to, by links that can read to a place of our choice. */
  space(): Uint8Array;
  /** So many bytes are at the beginning of what `space` gave last. */
  filled(size: number): boolean;
  /** Bytes in memory of the link's own, which stays as it is. */
  received(bytes: Uint8Array): boolean;
  /** Nothing more comes. Told once, after every `done` of a write. */
  closed(error: Error | undefined): void;
}

export interface Link {
  /** `tcp`, `tls`, `ws` or `wss`. */
  readonly carrier: string;
  /** Address and port of the other end. */
  readonly peer: string;
  /** Begins to read. */
  start(reader: LinkReader): void;
  /** Not a byte is read until `resume`. */
  pause(): void;
  resume(): void;
  /** Bytes that were written and that the kernel has not taken. */
  readonly unsent: number;
  /** `done`: the kernel has the bytes, or never will; they may change now. */
  write(parts: readonly Uint8Array[], done?: () => void): void;
  /** After what was written. */
  end(): void;
  destroy(): void;
}

/** Opens a link to somebody who listens, within `timeoutMs` or the dialler's own limit. */
export type Dial = (signal: AbortSignal | undefined, timeoutMs: number) => Promise<Link>;
