/** The frames of one connection: hands them out, takes them back, and ends the connection after the last of them. */
import { FrameInfo, type NativeConsumer } from "../native/binding.ts";
import { native, StreamError, wrapNativeError } from "./base/errors.ts";
import { toFrameLayout } from "./base/format.ts";
import type { FormatChangeEvent, FrameLayout } from "./base/types.ts";
import type { BindingHost } from "./binding-host.ts";
import { emitAside } from "./emit-aside.ts";
import { type ReadableFrameLease as Frame, ReadableFrameLease, type ReadOwner } from "./frame.ts";
import { LeaseBook } from "./lease-book.ts";

/** Of frames that are released; those of frames that are held can be asked for again. */
const layoutsKept = 256;

export class ReadLeases implements ReadOwner {
  readonly native: NativeConsumer;
  /** The producer's life that this connection belongs to; known from the first frame on. */
  epoch = 0n;
  #met = false;
  readonly #host: BindingHost;
  readonly #words: Int32Array;
  readonly #kept: NativeConsumer["kept"];
  readonly #book: LeaseBook;
  readonly #layouts = new Map<number, FrameLayout>();
  /** A release or the end of a write may be what a waiting acquire lacks. */
  readonly #onRoom: () => void;
  /** With one lease at a time the next frame ends the earlier one, so it must be known. With more it must not be. */
  readonly #single: boolean;
  readonly #onLayout: (change: FormatChangeEvent) => void;
  /** Of the newest frame; before the first one, what the producer announced. 0: nothing is known. */
  #layoutId = 0;
  #current: Frame | undefined;
  /** The newest lease while it is out. The old frame again is the same lease, and may be out already. */
  #newest: number | undefined;
  /** Leases that more than one frame object stands for, with how many beyond the first. */
  readonly #shared = new Map<number, number>();
  #frames = 0;
  #pins = 0;
  #retired = false;
  #closed = false;
  #closing: Promise<void> | undefined;
  #whenUnpinned: (() => void) | undefined;

  constructor(
    host: BindingHost,
    consumer: NativeConsumer,
    onRoom: () => void,
    onLayout: (change: FormatChangeEvent) => void,
  ) {
    this.#host = host;
    this.#words = host.binding.frameWords;
    this.native = consumer;
    this.#kept = consumer.kept;
    this.#single = consumer.info().policy.maxHeld === 1;
    this.#onRoom = onRoom;
    this.#onLayout = onLayout;
    this.#book = new LeaseBook("read", (lease) => this.#forgotten(lease));
    this.lookAtLayout();
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** The next acquire would end a lease whose bytes are being written somewhere. */
  get blocked(): boolean {
    return this.#single && this.#current !== undefined && this.#current.pins > 0;
  }

  /** The newest that was announced; undefined before the producer is met. */
  get newestLayout(): FrameLayout | undefined {
    try {
      return toFrameLayout(this.native.format(0));
    } catch {
      return undefined; // the core has no other reason to refuse this question
    }
  }

  /** Before the first frame: what the application may have seen, so that this frame can differ from it. */
  lookAtLayout(): void {
    if (this.#layoutId !== 0 || this.#closed) return;
    this.#layoutId = this.native.info().layout;
    if (this.#layoutId !== 0) this.layout(this.#layoutId);
  }

  /** Right after a tryAcquire that said ok. */
  take(): Frame {
    const frame = this.#take();
    if (frame.layoutId !== this.#layoutId) this.#changeLayout(frame.layoutId);
    return frame;
  }

  #take(): Frame {
    if (!this.#met) this.#meet();
    const frame = new ReadableFrameLease(this, this.#words);
    this.#frames++;
    if (this.#single) {
      this.endCurrent(); // the core ended that lease when it gave this one, or this is the old frame again
      this.#current = frame;
      return frame;
    }
    if (frame.lease === this.#newest) this.#shared.set(frame.lease, (this.#shared.get(frame.lease) ?? 0) + 1);
    this.#newest = frame.lease;
    frame.ticket = this.#book.ticket(frame.lease);
    return frame;
  }

  endCurrent(): void {
    const frame = this.#current;
    if (frame === undefined) return;
    this.#current = undefined;
    this.#detach(frame);
    this.#kept.view = undefined;
    frame.ended = true;
    this.#countDown();
  }

  open(frame: object, lease: number): ArrayBuffer {
    let buffer: ArrayBuffer;
    try {
      buffer = this.#single ? this.native.viewToKeep(lease) : this.native.view(lease);
    } catch (error) {
      throw wrapNativeError(error);
    }
    if (this.#single) this.#kept.view = buffer;
    else this.#book.opened(frame, buffer);
    return buffer;
  }

  metadata(lease: number): Uint8Array {
    return native(() => this.native.metadata(lease));
  }

  metadataBlock(lease: number, block: number): Uint8Array {
    return native(() => this.native.metadataBlock(lease, block));
  }

  layout(id: number): FrameLayout {
    const known = this.#layouts.get(id);
    if (known !== undefined) return known;
    if (this.#closed)
      throw new StreamError("ERR_BAD_STREAM", "the consumer was closed; look at the layout before that");
    const layout = toFrameLayout(native(() => this.native.format(id)));
    this.#layouts.set(id, layout);
    if (this.#layouts.size > layoutsKept) this.#layouts.delete(this.#layouts.keys().next().value as number);
    return layout;
  }

  release(frame: Frame): void {
    if (frame.ended || this.#closed) return;
    frame.ended = true;
    if (this.#single) {
      this.#current = undefined;
      this.#kept.view = undefined;
      this.native.release(frame.lease, frame.buffer);
      this.#onRoom();
    } else {
      if (frame.ticket !== undefined) this.#book.takeBack(frame.ticket);
      frame.ticket = undefined;
      // The addon detaches the views of a lease that ends; here the lease goes on, for the other frame.
      if (this.#shared.has(frame.lease)) this.#detach(frame);
      this.#giveBack(frame.lease);
    }
    this.#countDown();
  }

  pin(): void {
    this.#pins++;
  }

  unpin(): void {
    this.#pins--;
    if (this.#pins === 0) this.#whenUnpinned?.();
    this.#onRoom();
  }

  /** The connection is over and another one follows: close it once its last frame is back. */
  retire(): void {
    this.#retired = true;
    if (this.#frames === 0) this.#finish();
  }

  /** Ends every lease now, except that a write in flight is awaited: its bytes must stay mapped. */
  close(): Promise<void> {
    this.#closing ??= this.#closeOnce();
    return this.#closing;
  }

  async #closeOnce(): Promise<void> {
    if (this.#pins > 0) {
      await new Promise<void>((resolve) => {
        this.#whenUnpinned = resolve;
      });
    }
    this.endCurrent();
    this.#finish();
  }

  #changeLayout(id: number): void {
    const previous = this.#layoutId;
    this.#layoutId = id;
    const layout = this.layout(id); // now: the core forgets a layout when another one comes and its frames are gone
    if (previous !== 0) emitAside(() => this.#onLayout({ layout, previous: this.layout(previous) }));
  }

  #forgotten(lease: number): void {
    this.#giveBack(lease);
    this.#countDown();
  }

  #meet(): void {
    this.#met = true;
    this.epoch = BigInt.asUintN(64, this.#host.binding.frameInfo[FrameInfo.epoch] as bigint);
  }

  #giveBack(lease: number): void {
    const others = this.#shared.get(lease);
    if (others !== undefined) {
      if (others === 1) this.#shared.delete(lease);
      else this.#shared.set(lease, others - 1);
      return;
    }
    if (lease === this.#newest) this.#newest = undefined;
    this.native.release(lease);
    this.#onRoom();
  }

  /** Only where the addon does not: of a kept view, and where the lease outlives the frame. */
  #detach(frame: Frame): void {
    if (frame.buffer !== undefined) this.#host.binding.detach(frame.buffer);
  }

  #countDown(): void {
    this.#frames--;
    if (this.#retired && this.#frames === 0) this.#finish();
  }

  #finish(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#book.close();
    this.native.close();
  }
}
