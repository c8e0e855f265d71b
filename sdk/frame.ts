/** Frames: leases on one slot. Bytes are looked up at first access and detached when the lease ends. */
import { FrameInfo } from "../native/binding.ts";
import { StreamError } from "./base/errors.ts";
import { planesOf } from "./base/format.ts";
import type { FormatName, FrameLayout, FramePlane, ReadableFrame, WritableFrame } from "./base/types.ts";
import type { Ticket } from "./lease-book.ts";

const nothing = new Uint8Array(0);
export const noPts = -(2n ** 63n); // ES_NO_PTS

const joined = new BigInt64Array(1);
const halves = new Int32Array(joined.buffer);

/** 64 bits from two words, low one first. A frame keeps words: a bigint is an object, and most are never looked at. */
function join(low: number, high: number): bigint {
  halves[0] = low;
  halves[1] = high;
  return joined[0] as bigint;
}

/** A time of the core; it has a number for "none". */
export function ptsOf(pts: bigint): bigint | undefined {
  return pts === noPts ? undefined : pts;
}

/** Who hands out frames and takes them back; see read-leases.ts and write-leases.ts. */
export interface FrameOwner {
  readonly closed: boolean;
  open(frame: object, lease: number): ArrayBuffer;
}

export interface ReadOwner extends FrameOwner {
  readonly epoch: bigint;
  layout(id: number): FrameLayout;
  metadata(lease: number): Uint8Array;
  metadataBlock(lease: number, block: number): Uint8Array;
  release(frame: ReadableFrameLease): void;
  /** A write of these bytes is in flight: keep the lease, whatever happens. */
  pin(): void;
  unpin(): void;
}

export interface WriteOwner extends FrameOwner {
  discard(frame: WritableFrameLease): void;
}

/** What both kinds have. Not a base class: two constructors per frame cost more than all that the frame remembers. */
interface FrameLease {
  readonly owner: FrameOwner;
  readonly lease: number;
  /** Set at first access; it is detached when the lease ends. */
  buffer: ArrayBuffer | undefined;
  /** How a frame that is forgotten is found; undefined where the owner knows it by itself. */
  ticket: Ticket | undefined;
  ended: boolean;
}

/** A view of the lease's bytes; undefined when the lease has ended. */
function openBytes(frame: FrameLease): Uint8Array | undefined {
  if (frame.ended || frame.owner.closed) return undefined;
  frame.buffer = frame.owner.open(frame, frame.lease);
  return new Uint8Array(frame.buffer);
}

/** A slot to fill. */
export class WritableFrameLease implements WritableFrame, FrameLease {
  readonly owner: WriteOwner;
  readonly lease: number;
  readonly layout: FrameLayout;
  buffer: ArrayBuffer | undefined = undefined;
  ticket: Ticket | undefined;
  ended = false;
  #data: Uint8Array | undefined = undefined;
  #planes: readonly FramePlane[] | undefined = undefined;

  constructor(owner: WriteOwner, lease: number, layout: FrameLayout, ticket: Ticket) {
    this.owner = owner;
    this.lease = lease;
    this.layout = layout;
    this.ticket = ticket;
  }

  get data(): Uint8Array {
    this.#data ??= openBytes(this);
    return this.#data ?? nothing;
  }

  get planes(): readonly FramePlane[] {
    this.#planes ??= planesOf(this.data, this.layout);
    return this.#planes;
  }

  get released(): boolean {
    return this.ended || this.owner.closed;
  }

  discard(): void {
    if (!this.released) this.owner.discard(this);
  }

  [Symbol.dispose](): void {
    this.discard();
  }
}

/** A frame to read. Copies the addon's answer, which the next acquire overwrites. */
export class ReadableFrameLease implements ReadableFrame, FrameLease {
  readonly owner: ReadOwner;
  readonly lease: number;
  buffer: ArrayBuffer | undefined = undefined;
  ticket: Ticket | undefined = undefined;
  ended = false;
  readonly isNew: boolean;
  readonly size: number;
  readonly layoutId: number;
  /** Writes of these bytes that are in flight. */
  pins = 0;
  /** release() came while a write was in flight; the last write does it. */
  releaseWanted = false;
  readonly #numberLow: number;
  readonly #numberHigh: number;
  readonly #skippedLow: number;
  readonly #skippedHigh: number;
  readonly #ptsLow: number;
  readonly #ptsHigh: number;
  readonly #durationLow: number;
  readonly #durationHigh: number;
  readonly #capturedLow: number;
  readonly #capturedHigh: number;
  readonly #postedLow: number;
  readonly #postedHigh: number;
  readonly #acquiredLow: number;
  readonly #acquiredHigh: number;
  readonly #metadataSize: number;
  #data: Uint8Array | undefined = undefined;
  #planes: readonly FramePlane[] | undefined = undefined;
  #metadata: Uint8Array | undefined = undefined;

  /** `words`: `NativeBinding.frameWords` right after a tryAcquire that said ok. */
  constructor(owner: ReadOwner, words: Int32Array) {
    this.owner = owner;
    this.lease = words[2 * FrameInfo.lease] as number;
    this.isNew = words[2 * FrameInfo.isNew] !== 0;
    this.size = words[2 * FrameInfo.size] as number; // a frame has at most 2^31-1 bytes
    this.layoutId = words[2 * FrameInfo.layout] as number;
    this.#numberLow = words[2 * FrameInfo.number] as number;
    this.#numberHigh = words[2 * FrameInfo.number + 1] as number;
    this.#skippedLow = words[2 * FrameInfo.skipped] as number;
    this.#skippedHigh = words[2 * FrameInfo.skipped + 1] as number;
    this.#ptsLow = words[2 * FrameInfo.pts] as number;
    this.#ptsHigh = words[2 * FrameInfo.pts + 1] as number;
    this.#durationLow = words[2 * FrameInfo.duration] as number;
    this.#durationHigh = words[2 * FrameInfo.duration + 1] as number;
    this.#capturedLow = words[2 * FrameInfo.captured] as number;
    this.#capturedHigh = words[2 * FrameInfo.captured + 1] as number;
    this.#postedLow = words[2 * FrameInfo.posted] as number;
    this.#postedHigh = words[2 * FrameInfo.posted + 1] as number;
    this.#acquiredLow = words[2 * FrameInfo.acquired] as number;
    this.#acquiredHigh = words[2 * FrameInfo.acquired + 1] as number;
    this.#metadataSize = words[2 * FrameInfo.metadataSize] as number;
  }

  get data(): Uint8Array {
    this.#data ??= openBytes(this);
    return this.#data ?? nothing;
  }

  get planes(): readonly FramePlane[] {
    this.#planes ??= planesOf(this.data, this.layout);
    return this.#planes;
  }

  get number(): bigint {
    return join(this.#numberLow, this.#numberHigh);
  }

  get skipped(): bigint {
    return join(this.#skippedLow, this.#skippedHigh);
  }

  get epoch(): bigint {
    return this.owner.epoch;
  }

  get duration(): bigint {
    return join(this.#durationLow, this.#durationHigh);
  }

  get pts(): bigint | undefined {
    return ptsOf(join(this.#ptsLow, this.#ptsHigh));
  }

  get layout(): FrameLayout {
    return this.owner.layout(this.layoutId);
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

  get timestamps(): { captured: bigint; posted: bigint; acquired: bigint } {
    return {
      captured: join(this.#capturedLow, this.#capturedHigh),
      posted: join(this.#postedLow, this.#postedHigh),
      acquired: join(this.#acquiredLow, this.#acquiredHigh),
    };
  }

  get metadata(): Uint8Array {
    if (this.#metadata !== undefined) return this.#metadata;
    if (this.#metadataSize === 0) return nothing;
    this.#mustLive("metadata");
    this.#metadata = this.owner.metadata(this.lease);
    return this.#metadata;
  }

  metadataBlock(block: number): Uint8Array {
    this.#mustLive("metadataBlock()");
    return this.owner.metadataBlock(this.lease, block);
  }

  get released(): boolean {
    return this.ended || this.releaseWanted || this.owner.closed;
  }

  copy(): Uint8Array {
    this.#mustLive("copy()");
    return this.data.slice();
  }

  /**
   * The lease is held until the writable calls back. A Transform calls back while its reader still has the bytes:
   * give it `copy()` instead.
   */
  async writeTo(stream: NodeJS.WritableStream): Promise<void> {
    this.#mustLive("writeTo()");
    const data = this.data;
    this.pins++;
    this.owner.pin();
    try {
      await new Promise<void>((resolve, reject) => {
        stream.write(data, (error) => (error ? reject(error) : resolve()));
      });
    } finally {
      this.pins--;
      if (this.pins === 0 && this.releaseWanted) this.owner.release(this);
      this.owner.unpin();
    }
  }

  release(): void {
    if (this.released) return;
    if (this.pins > 0) this.releaseWanted = true;
    else this.owner.release(this);
  }

  [Symbol.dispose](): void {
    this.release();
  }

  #mustLive(what: string): void {
    if (!this.released) return;
    const hint = "use it before release(), or before the next frame when maxHeld is 1";
    throw new StreamError("ERR_BAD_STATE", `${what} of frame ${this.number}: its lease has ended; ${hint}`);
  }
}
