/** Buffers for frames, used again and again: a page that made one for each frame would keep its collector busy. */
import { StreamError } from "../base/errors.ts";

/** Room for one frame. Its buffer is another object after a release, with the same memory. */
export interface Slot {
  buffer: ArrayBuffer;
}

export class SlotPool {
  readonly #free: Slot[] = [];
  #bytes = 0;

  /** Of slots that come from now on; those of another size are let go as they come back. */
  resize(bytes: number): void {
    if (bytes === this.#bytes) return;
    this.#bytes = bytes;
    this.#free.length = 0;
  }

  /** @throws StreamError ERR_BAD_ALLOC */
  take(): Slot {
    const slot = this.#free.pop();
    if (slot !== undefined) return slot;
    try {
      return { buffer: new ArrayBuffer(this.#bytes) };
    } catch (cause) {
      throw new StreamError("ERR_BAD_ALLOC", `there is no memory for a frame of ${this.#bytes} bytes`, { cause });
    }
  }

  give(slot: Slot): void {
    if (slot.buffer.byteLength === this.#bytes) this.#free.push(slot);
  }
}

/** Views of the slot that are out have length 0 afterwards; nothing is copied. */
export function detachViews(slot: Slot): void {
  slot.buffer = structuredClone(slot.buffer, { transfer: [slot.buffer] });
}
