/** Frames: leases on one slot. Bytes are looked up at first access and detached when the lease ends. */
import { FrameInfo } from "../native/binding.ts";
import { StreamError } from "./base/errors.ts";
import { planesOf } from "./base/format.ts";
import type { FormatName, FrameLayout, FramePlane, ReadableFrame, WritableFrame } from "./base/types.ts";

const nothing = new Uint8Array(0);
const noPts = -(2n ** 63n); // ES_NO_PTS

/** Who hands out frames and takes them back; see read-leases.ts and write-leases.ts. */
export interface FrameOwner {
  readonly closed: boolean;
  open(frame: object, lease: number): ArrayBuffer;
}

export interface ReadOwner extends FrameOwner {
  layout(id: number): FrameLayout;
  metadata(lease: number): Uint8Array;
  release(frame: ReadableFrameLease): void;
  /** A write of these bytes is in flight: keep the lease, whatever happens. */
  pin(): void;
  unpin(): void;
}

export interface WriteOwner extends FrameOwner {
  discard(frame: WritableFrameLease): void;
}

/** What both kinds share: a lease, and a view of its bytes that is made at first access. */
abstract class FrameLease {
  readonly lease: number;
  /** Set at first access; the owner detaches it when the lease ends. */
  buffer: ArrayBuffer | undefined = undefined;
  ended = false;
  #data: Uint8Array | undefined = undefined;
  #planes: readonly FramePlane[] | undefined = undefined;

  constructor(lease: number) {
    this.lease = lease;
  }

  abstract get layout(): FrameLayout;
  abstract get released(): boolean;
  protected abstract get owner(): FrameOwner;

  get data(): Uint8Array {
    if (this.#data !== undefined) return this.#data;
    if (this.ended || this.owner.closed) return nothing;
    this.buffer = this.owner.open(this, this.lease);
    this.#data = new Uint8Array(this.buffer);
    return this.#data;
  }

  get planes(): readonly FramePlane[] {
    this.#planes ??= planesOf(this.data, this.layout);
    return this.#planes;
  }
}

/** A slot to fill. */
export class WritableFrameLease extends FrameLease implements WritableFrame {
  readonly owner: WriteOwner;
  readonly layout: FrameLayout;

  constructor(owner: WriteOwner, lease: number, layout: FrameLayout) {
    super(lease);
    this.owner = owner;
    this.layout = layout;
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
export class ReadableFrameLease extends FrameLease implements ReadableFrame {
  readonly owner: ReadOwner;
  readonly number: bigint;
  readonly skipped: bigint;
  readonly isNew: boolean;
  readonly epoch: bigint;
  readonly duration: bigint;
  readonly size: number;
  readonly layoutId: number;
  /** Writes of these bytes that are in flight. */
  pins = 0;
  /** release() came while a write was in flight; the last write does it. */
  releaseWanted = false;
  readonly #pts: bigint;
  readonly #captured: bigint;
  readonly #posted: bigint;
  readonly #acquired: bigint;
  readonly #metadataSize: number;
  #metadata: Uint8Array | undefined = undefined;

  /** `info`: `NativeBinding.frameInfo` right after a tryAcquire that said ok. */
  constructor(owner: ReadOwner, info: BigInt64Array) {
    super(Number(info[FrameInfo.lease]));
    this.owner = owner;
    this.number = info[FrameInfo.number] as bigint;
    this.skipped = info[FrameInfo.skipped] as bigint;
    this.isNew = info[FrameInfo.isNew] !== 0n;
    this.epoch = BigInt.asUintN(64, info[FrameInfo.epoch] as bigint);
    this.duration = info[FrameInfo.duration] as bigint;
    this.size = Number(info[FrameInfo.size]);
    this.layoutId = Number(info[FrameInfo.layout]);
    this.#pts = info[FrameInfo.pts] as bigint;
    this.#captured = info[FrameInfo.captured] as bigint;
    this.#posted = info[FrameInfo.posted] as bigint;
    this.#acquired = info[FrameInfo.acquired] as bigint;
    this.#metadataSize = Number(info[FrameInfo.metadataSize]);
  }

  get pts(): bigint | undefined {
    return this.#pts === noPts ? undefined : this.#pts;
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
    return { captured: this.#captured, posted: this.#posted, acquired: this.#acquired };
  }

  get metadata(): Uint8Array {
    if (this.#metadata !== undefined) return this.#metadata;
    if (this.#metadataSize === 0) return nothing;
    this.#mustLive("metadata");
    this.#metadata = this.owner.metadata(this.lease);
    return this.#metadata;
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
