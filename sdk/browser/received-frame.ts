/** A frame of a page's consumer: a lease on one of its buffers. */
import { StreamError } from "../base/errors.ts";
import { planesOf } from "../base/format.ts";
import type { FormatName, FrameLayout, FramePlane, ReadableFrame } from "../base/types.ts";
import { detachViews, type Slot } from "./slot-pool.ts";

/** As in Node, except that a page has no writable of Node. */
export type BrowserFrame = Omit<ReadableFrame, "writeTo">;

/** What is known of a frame besides its pixels. */
export interface FrameFacts {
  readonly number: bigint;
  readonly skipped: bigint;
  readonly pts: bigint | undefined;
  readonly duration: bigint;
  readonly epoch: bigint;
  readonly layoutId: number;
  readonly layout: FrameLayout;
  readonly size: number;
  readonly metadata: Uint8Array;
  readonly blocks: readonly Uint8Array[];
  /** ns of the page's clock, performance.now(). */
  readonly timestamps: { captured: bigint; posted: bigint; acquired: bigint };
}

const nothing = new Uint8Array(0);

export class ReceivedFrame implements BrowserFrame {
  readonly isNew: boolean;
  readonly #facts: FrameFacts;
  readonly #slot: Slot;
  #data: Uint8Array | undefined;
  #planes: readonly FramePlane[] | undefined;
  #released = false;

  constructor(facts: FrameFacts, slot: Slot, isNew: boolean) {
    this.#facts = facts;
    this.#slot = slot;
    this.isNew = isNew;
  }

  get number(): bigint {
    return this.#facts.number;
  }

  get skipped(): bigint {
    return this.#facts.skipped;
  }

  get pts(): bigint | undefined {
    return this.#facts.pts;
  }

  get duration(): bigint {
    return this.#facts.duration;
  }

  get epoch(): bigint {
    return this.#facts.epoch;
  }

  get layout(): FrameLayout {
    return this.#facts.layout;
  }

  get layoutId(): number {
    return this.#facts.layoutId;
  }

  get format(): FormatName {
    return this.layout.format;
  }

  get width(): number {
    return this.layout.width;
  }

  get height(): number {
    return this.layout.height;
  }

  get size(): number {
    return this.#facts.size;
  }

  get timestamps(): FrameFacts["timestamps"] {
    return this.#facts.timestamps;
  }

  get metadata(): Uint8Array {
    return this.#facts.metadata;
  }

  metadataBlock(block: number): Uint8Array {
    const bytes = this.#facts.blocks[block];
    if (bytes !== undefined) return bytes;
    throw new StreamError("ERR_BAD_PARAMETER", `metadataBlock: expected a block from 0 to 3, got ${block}`);
  }

  get data(): Uint8Array {
    if (this.#released) return this.#data ?? nothing;
    this.#data ??= new Uint8Array(this.#slot.buffer, 0, this.size);
    return this.#data;
  }

  get planes(): readonly FramePlane[] {
    this.#planes ??= planesOf(this.data, this.layout);
    return this.#planes;
  }

  get released(): boolean {
    return this.#released;
  }

  copy(): Uint8Array {
    if (!this.#released) return this.data.slice();
    const hint = "use it before release(), or before the next frame";
    throw new StreamError("ERR_BAD_STATE", `copy() of frame ${this.number}: its lease has ended; ${hint}`);
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    if (this.#data !== undefined) detachViews(this.#slot); // it must never show another frame
  }

  [Symbol.dispose](): void {
    this.release();
  }
}
