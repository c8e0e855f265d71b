/**
 * Bytes of a connection become messages, however they are cut. It pulls: who cannot take more stops asking, stops
 * reading its socket, and goes on later.
 */
import { StreamError } from "../../sdk/base/errors.ts";
import { protocolError } from "./codes.ts";
import { chunk } from "./frame-messages.ts";
import { FrameProgress } from "./frame-progress.ts";
import { InputQueue } from "./input-queue.ts";
import { wireLimits } from "./limits.ts";
import { headerBytes, type MessageHeader, optionalBit, readHeader } from "./message.ts";
import { kindOf, type WireMessage, type WireMessageName } from "./messages.ts";
import { agreeVersion, openingBytes, type Versions, wireVersions } from "./opening.ts";

/** A part of the present frame's pixels. */
export interface Payload {
  type: "payload";
  /** Of these bytes in the frame. */
  offset: number;
  /** Valid until the next call: a view of what was pushed, or of the place that `aim` named. */
  bytes: Uint8Array;
  /** The frame is complete. */
  last: boolean;
}

export type WireItem = WireMessage | Payload;

/** All that a peer may say before it is trusted. */
const handshake: ReadonlySet<WireMessageName> = new Set(["hello", "attributes", "welcome", "refused", "bye"]);

type Stage = "opening" | "header" | "body" | "chunk" | "payload" | "skipped";

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/**
 * @example
 * decoder.push(bytes);
 * for (let item = decoder.next(); item !== undefined; item = decoder.next()) handle(item);
 */
export class Decoder {
  readonly #versions: Versions;
  readonly #input = new InputQueue();
  readonly #frame = new FrameProgress();
  #stage: Stage = "opening";
  #header: MessageHeader = { size: 0, type: 0 };
  /** Bytes of a payload or of a message that is skipped. */
  #left = 0;
  #trusted = false;
  #untrustedBytes = openingBytes;
  #version: number | undefined;
  #broken: unknown;

  constructor(versions: Versions = wireVersions) {
    this.#versions = versions;
  }

  /** The version that both ends speak; undefined until the peer's first bytes are there. */
  get version(): number | undefined {
    return this.#version;
  }

  /** The peer showed that it may be here. Before that it may say little, and nothing but the hand-shake. */
  trust(): void {
    this.#trusted = true;
  }

  /**
   * Bytes as they came. They must stay as they are until `next` gives undefined; afterwards none is referred to.
   * @throws StreamError ERR_BAD_STATE: more than 4 MiB would wait, because nobody asks for what is there.
   */
  push(bytes: Uint8Array): void {
    const waiting = this.#input.length;
    if (waiting > 0 && waiting + bytes.length > wireLimits.backlogBytesMax) {
      throw new StreamError("ERR_BAD_STATE", `${waiting} bytes wait to be decoded; take them before more are pushed`);
    }
    this.#input.push(bytes);
  }

  /**
   * The next message, or a part of a frame; undefined when more bytes are needed.
   * @throws StreamError ERR_BAD_PROTOCOL: the peer broke the protocol or a limit; so does every later call.
   */
  next(): WireItem | undefined {
    if (this.#broken !== undefined) throw this.#broken;
    try {
      return this.#decode();
    } catch (error) {
      this.#broken = error;
      throw error;
    }
  }

  /**
   * From here on the present frame's pixels go into `target`, each byte at its offset in the frame. Called after its
   * `frame`, before any more of `next`; it holds until the frame is complete.
   * @throws StreamError ERR_BAD_PARAMETER: the frame does not fit. ERR_BAD_STATE: no frame begins now.
   */
  aim(target: Uint8Array): void {
    this.#frame.aim(target);
  }

  /**
   * Where the next bytes of the peer may be read straight into: the rest of the present chunk in the place that `aim`
   * named. undefined: nowhere, they must be pushed. Bytes that were read there are told by `filled`.
   */
  space(): Uint8Array | undefined {
    if (this.#stage !== "payload" || this.#input.length > 0 || this.#broken !== undefined) return undefined;
    const at = this.#frame.received;
    return this.#frame.target?.subarray(at, at + this.#left);
  }

  /** @param size bytes at the beginning of `space()`. @throws StreamError ERR_BAD_PARAMETER: there is no such space. */
  filled(size: number): Payload {
    const space = this.space();
    if (space === undefined || !(size >= 1 && size <= space.length)) {
      throw new StreamError("ERR_BAD_PARAMETER", `${size} bytes were read into ${space?.length ?? 0}`);
    }
    return this.#payload(space.subarray(0, size));
  }

  #decode(): WireItem | undefined {
    for (;;) {
      switch (this.#stage) {
        case "opening": {
          const bytes = this.#input.gather(openingBytes);
          if (bytes === undefined) return undefined;
          this.#version = agreeVersion(bytes, this.#versions);
          this.#stage = "header";
          break;
        }
        case "header": {
          const bytes = this.#input.gather(headerBytes);
          if (bytes === undefined) return undefined;
          this.#begin(readHeader(viewOf(bytes)));
          break;
        }
        case "body": {
          const bytes = this.#input.gather(this.#header.size);
          if (bytes === undefined) return undefined;
          this.#stage = "header";
          return this.#message(bytes);
        }
        case "chunk": {
          const bytes = this.#input.gather(chunk.fixedBytes);
          if (bytes === undefined) return undefined;
          this.#left = this.#header.size - chunk.fixedBytes;
          this.#frame.chunk(chunk.decode(bytes).offset, this.#left);
          this.#stage = "payload";
          break;
        }
        case "payload": {
          const bytes = this.#input.take(this.#left);
          return bytes.length === 0 ? undefined : this.#payload(this.#placed(bytes));
        }
        case "skipped": {
          if (this.#left === 0) {
            this.#stage = "header";
            break;
          }
          const bytes = this.#input.take(this.#left);
          if (bytes.length === 0) return undefined;
          this.#left -= bytes.length;
          break;
        }
      }
    }
  }

  /** Everything that a header alone can be wrong about, before any byte of the body is kept. */
  #begin(header: MessageHeader): void {
    this.#header = header;
    const kind = kindOf(header.type);
    this.#checkTrust(header, kind?.name);
    if (header.type === chunk.id) {
      this.#checkSize(chunk.fixedBytes + wireLimits.chunkBytesMax);
      this.#stage = "chunk";
      return;
    }
    this.#checkSize(wireLimits.controlBytesMax);
    this.#frame.control();
    if (kind !== undefined) {
      this.#stage = "body";
      return;
    }
    if ((header.type & optionalBit) === 0) throw protocolError(`message ${header.type} is unknown and not optional`);
    this.#left = header.size;
    this.#stage = "skipped";
  }

  #checkSize(max: number): void {
    const { size, type } = this.#header;
    if (size > max) throw protocolError(`message ${type} has ${size} bytes, at most ${max}`);
  }

  #checkTrust({ size, type }: MessageHeader, name: string | undefined): void {
    if (this.#trusted) return;
    const known = type === chunk.id || name !== undefined;
    if (known && !handshake.has(name as WireMessageName)) {
      throw protocolError(`message ${type} comes before the hand-shake is over`);
    }
    this.#untrustedBytes += headerBytes + size;
    if (this.#untrustedBytes > wireLimits.untrustedBytesMax) {
      throw protocolError(`the hand-shake has more than ${wireLimits.untrustedBytesMax} bytes`);
    }
  }

  #message(body: Uint8Array): WireMessage {
    const message = kindOf(this.#header.type)?.decode(body) as WireMessage;
    if (message.type === "layout") this.#frame.layout(message.layout, message.format.size);
    if (message.type === "frame") this.#frame.begin(message.size, message.layout);
    return message;
  }

  /** Into the target, if there is one. */
  #placed(bytes: Uint8Array): Uint8Array {
    const { target, received } = this.#frame;
    if (target === undefined) return bytes;
    target.set(bytes, received);
    return target.subarray(received, received + bytes.length);
  }

  #payload(bytes: Uint8Array): Payload {
    const offset = this.#frame.received;
    this.#frame.advance(bytes.length);
    this.#left -= bytes.length;
    if (this.#left === 0) this.#stage = "header";
    return { type: "payload", offset, bytes, last: this.#frame.missing === 0 };
  }
}
