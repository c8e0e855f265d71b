/** Pictures that differ in every byte from frame to frame, and are checked whole, by CRC. Both ends compute them. */
import { crc32 } from "node:zlib";

// A prime, and far more than there are slots: a frame that took another one's slot never shows the same picture.
const variants = 61;
const shiftBytes = 72; // from one variant to the next; a multiple of 8 keeps the copy fast
/** Bytes of metadata a marked frame carries: its number, little endian. */
export const markBytes = 8;

/** Deterministic noise: the same on both sides, and no two windows of it alike. */
function noise(bytes) {
  const words = new Uint32Array(Math.ceil(bytes / 4));
  let state = 0x9e3779b9;
  for (let index = 0; index < words.length; index++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[index] = state;
  }
  return new Uint8Array(words.buffer, 0, bytes);
}

/**
 * `noise`: what everything here shows unless it says otherwise. `plain`: every byte is the number's lowest one, which
 * a C program can check without this file.
 */
export class Pattern {
  #size;
  #kind;
  #base;
  #crcs = new Map();

  constructor(size, kind = "noise") {
    this.#size = size;
    this.#kind = kind;
    if (kind === "noise") this.#base = noise(size + variants * shiftBytes);
  }

  /** Bytes of a whole picture. */
  get size() {
    return this.#size;
  }

  /** What frame `number` shows. */
  picture(number, size = this.#size) {
    const variant = this.#variant(number);
    if (this.#kind === "plain") return new Uint8Array(size).fill(variant);
    return this.#base.subarray(variant * shiftBytes, variant * shiftBytes + size);
  }

  crc(number, size = this.#size) {
    const key = `${this.#variant(number)}/${size}`;
    let crc = this.#crcs.get(key);
    if (crc === undefined) {
      crc = crc32(this.picture(number, size));
      this.#crcs.set(key, crc);
    }
    return crc;
  }

  /** true: every byte is frame `number`'s. */
  matches(bytes, number) {
    return crc32(bytes) === this.crc(number, bytes.byteLength);
  }

  #variant(number) {
    return Number(BigInt(number) % BigInt(this.#kind === "plain" ? 256 : variants));
  }
}

/** The metadata of frame `number`. */
export function markOf(number) {
  const bytes = new Uint8Array(markBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(number), true);
  return bytes;
}

/** The number in a frame's metadata; undefined when there is none. */
export function numberIn(metadata) {
  if (metadata.byteLength !== markBytes) return undefined;
  return new DataView(metadata.buffer, metadata.byteOffset).getBigUint64(0, true);
}
