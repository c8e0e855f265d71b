/** How much of the present frame has come. Frames come one at a time, their chunks in order and without gaps. */
import { StreamError } from "../../sdk/base/errors.ts";
import { protocolError } from "./codes.ts";
import { wireLimits } from "./limits.ts";

export class FrameProgress {
  #layout: { id: number; size: number } | undefined;
  #size = 0;
  #received = 0;
  #controls = 0;
  #target: Uint8Array | undefined;

  /** Bytes of the present frame that are still to come. */
  get missing(): number {
    return this.#size - this.#received;
  }

  /** Where the next payload byte belongs in its frame. */
  get received(): number {
    return this.#received;
  }

  get target(): Uint8Array | undefined {
    return this.#target;
  }

  /** @throws StreamError ERR_BAD_PARAMETER: it is smaller than the frame. ERR_BAD_STATE: no frame begins now. */
  aim(target: Uint8Array): void {
    if (this.missing === 0 || this.#received > 0) {
      throw new StreamError("ERR_BAD_STATE", "a place for pixels is named between a frame and its first byte");
    }
    if (target.length < this.#size) {
      const sentence = `a frame of ${this.#size} bytes does not fit into ${target.length}`;
      throw new StreamError("ERR_BAD_PARAMETER", sentence);
    }
    this.#target = target;
  }

  layout(id: number, size: number): void {
    this.#layout = { id, size };
  }

  begin(size: number, layout: number): void {
    if (this.missing > 0)
      throw protocolError(`a frame begins while ${this.missing} bytes of the one before are missing`);
    if (layout !== this.#layout?.id)
      throw protocolError(`a frame has layout ${layout}, which is not the one announced`);
    if (size > this.#layout.size) {
      throw protocolError(`a frame has ${size} bytes, its layout allows ${this.#layout.size}`);
    }
    this.#size = size;
    this.#received = 0;
    this.#controls = 0;
    this.#target = undefined;
  }

  chunk(offset: number, size: number): void {
    if (size < 1 || size > wireLimits.chunkBytesMax) {
      throw protocolError(`a chunk has ${size} bytes, expected 1 to ${wireLimits.chunkBytesMax}`);
    }
    if (this.missing === 0) throw protocolError("a chunk comes without a frame");
    if (offset !== this.#received) throw protocolError(`a chunk is for byte ${offset}, expected ${this.#received}`);
    if (size > this.missing) throw protocolError(`a chunk reaches ${size - this.missing} bytes past its frame`);
    this.#controls = 0;
  }

  advance(size: number): void {
    this.#received += size;
    if (this.missing === 0) this.#target = undefined;
  }

  control(): void {
    if (this.missing === 0) return;
    this.#controls++;
    if (this.#controls > wireLimits.controlsInFrameMax) {
      throw protocolError(`more than ${wireLimits.controlsInFrameMax} messages come between two chunks of a frame`);
    }
  }
}
