/** The slots a producer holds for writing. */
import type { NativeProducer } from "../native/binding.ts";
import { FrameInfo } from "../native/binding.ts";
import { native } from "./base/errors.ts";
import type { FrameLayout } from "./base/types.ts";
import type { BindingHost } from "./binding-host.ts";
import { WritableFrameLease, type WriteOwner } from "./frame.ts";
import { LeaseBook } from "./lease-book.ts";

export class WriteLeases implements WriteOwner {
  readonly #words: Int32Array;
  readonly #native: NativeProducer;
  readonly #book: LeaseBook;
  #closed = false;

  constructor(host: BindingHost, producer: NativeProducer) {
    this.#words = host.binding.frameWords;
    this.#native = producer;
    this.#book = new LeaseBook("write", (lease) => producer.discard(lease));
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Right after a tryAcquire that said ok. */
  take(layout: FrameLayout): WritableFrameLease {
    const lease = this.#words[2 * FrameInfo.lease] as number;
    return new WritableFrameLease(this, lease, layout, this.#book.ticket(lease));
  }

  open(frame: object, lease: number): ArrayBuffer {
    const buffer = native(() => this.#native.view(lease));
    this.#book.opened(frame, buffer);
    return buffer;
  }

  /** Copies without a view: one call, and a large picture goes past the cache. */
  write(frame: WritableFrameLease, bytes: ArrayBufferView): void {
    const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    native(() => this.#native.write(frame.lease, plain));
  }

  /** The frame was posted: what it shows belongs to the consumers now. The addon has detached its view. */
  posted(frame: WritableFrameLease): void {
    this.#end(frame);
  }

  discard(frame: WritableFrameLease): void {
    this.#end(frame);
    native(() => this.#native.discard(frame.lease));
  }

  /** No lease counts from here on; the native producer, closed by its owner, detaches what is left. */
  close(): void {
    this.#closed = true;
    this.#book.close();
  }

  #end(frame: WritableFrameLease): void {
    frame.ended = true;
    if (frame.ticket !== undefined) this.#book.takeBack(frame.ticket);
    frame.ticket = undefined;
  }
}
