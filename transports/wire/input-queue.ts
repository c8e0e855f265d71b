/** Bytes as they came, handed out in the pieces that are needed. Copies only what lies across two pieces. */
export class InputQueue {
  readonly #pieces: Uint8Array[] = [];
  /** Taken from the first piece already. */
  #taken = 0;
  #length = 0;
  /** The beginning of what did not come in one piece. */
  #partial = new Uint8Array(64);
  #partialBytes = 0;

  /** Bytes that came and were not taken, those of `gather` that wait for the rest not counted. */
  get length(): number {
    return this.#length;
  }

  /** The bytes must stay as they are until `length` is 0. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#pieces.push(bytes);
    this.#length += bytes.length;
  }

  /** A view of up to `max` bytes, as many as lie in one piece; empty when nothing is there. */
  take(max: number): Uint8Array {
    const piece = this.#pieces[0];
    if (piece === undefined) return new Uint8Array(0);
    const view = piece.subarray(this.#taken, this.#taken + max);
    this.#taken += view.length;
    this.#length -= view.length;
    if (this.#taken === piece.length) {
      this.#pieces.shift();
      this.#taken = 0;
    }
    return view;
  }

  /**
   * Exactly `size` bytes, valid until the next call; undefined while they are not all there. What is there is kept in
   * memory that grows with the bytes that came, not with `size`: a peer cannot have memory for a number.
   */
  gather(size: number): Uint8Array | undefined {
    if (this.#partialBytes === 0 && this.#inFirstPiece() >= size) return this.take(size);
    while (this.#partialBytes < size) {
      const part = this.take(size - this.#partialBytes);
      if (part.length === 0) return undefined;
      this.#keep(part);
    }
    this.#partialBytes = 0;
    return this.#partial.subarray(0, size);
  }

  #inFirstPiece(): number {
    return (this.#pieces[0]?.length ?? 0) - this.#taken;
  }

  #keep(part: Uint8Array): void {
    const needed = this.#partialBytes + part.length;
    if (needed > this.#partial.length) {
      const larger = new Uint8Array(2 * needed);
      larger.set(this.#partial.subarray(0, this.#partialBytes));
      this.#partial = larger;
    }
    this.#partial.set(part, this.#partialBytes);
    this.#partialBytes = needed;
  }
}
