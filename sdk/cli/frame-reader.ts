/**
 * Reads frames from a pipe straight into memory that the caller leases: the kernel copies from the pipe into the slot,
 * nothing lies between.
 *
 * Lifetime. Node keeps writing into the last buffer it was handed until it gets another. So a slot's view is handed
 * out only while fill() runs, it ends at the frame's end, and in the moment it is full Node gets `landing` instead, a
 * small buffer of our own, and reading stops. The next read begins in `landing` (a page or two of a frame are copied
 * from there) and goes on in the next slot. A posted slot is never written.
 */
import { type ConnectOpts, Socket, type SocketConstructorOpts } from "node:net";
import { CommandError } from "./failure.ts";

const landingBytes = 4096;

interface Filling {
  view: Uint8Array;
  offset: number;
  resolve: (complete: boolean) => void;
  reject: (error: Error) => void;
}

export class FrameReader {
  readonly #frameBytes: number;
  readonly #landing: Uint8Array;
  readonly #socket: Socket;
  /** What lies in `#landing` and is not yet in a frame. Reading goes on only when it is empty. */
  #landed: Uint8Array = new Uint8Array(0);
  #handed: Uint8Array;
  #filling: Filling | undefined;
  #ended = false;
  #error: Error | undefined;

  /** Takes over `fd`, the read end of a pipe. */
  constructor(fd: number, frameBytes: number) {
    this.#frameBytes = frameBytes;
    this.#landing = new Uint8Array(Math.min(landingBytes, frameBytes));
    this.#handed = this.#landing;
    // The constructor takes `onread` too; the types know it only of connect().
    const options: SocketConstructorOpts & ConnectOpts = {
      fd,
      readable: true,
      writable: false,
      onread: { buffer: this.#hand, callback: this.#received },
    };
    this.#socket = new Socket(options);
    this.#socket.on("end", () => this.#finish(undefined));
    this.#socket.on("error", (error) => this.#finish(error));
    this.#socket.on("close", () => this.#finish(undefined));
  }

  /** Fills the whole view with the next frame. false: the pipe ended at a frame's end. One call at a time. */
  fill(view: Uint8Array): Promise<boolean> {
    this.#checkBytes(view.length);
    return this.#fillOne(view);
  }

  /** As `fill`, a frame that goes to several places. */
  async fillPieces(views: readonly Uint8Array[]): Promise<boolean> {
    this.#checkBytes(views.reduce((sum, view) => sum + view.length, 0));
    for (const [index, view] of views.entries()) {
      if (await this.#fillOne(view)) continue;
      if (index === 0) return false;
      throw truncated(`${index} of ${views.length} planes`);
    }
    return true;
  }

  #checkBytes(byteCount: number): void {
    if (byteCount === this.#frameBytes) return;
    throw new RangeError(`a frame has ${this.#frameBytes} bytes, the view has ${byteCount}`);
  }

  #fillOne(view: Uint8Array): Promise<boolean> {
    if (this.#filling) throw new Error("a frame is being read already");
    return new Promise((resolve, reject) => {
      this.#filling = { view, offset: 0, resolve, reject };
      this.#takeLanded(this.#filling);
      if (this.#filling === undefined) return;
      if (this.#ended) this.#settleEnd();
      else this.#socket.resume();
    });
  }

  /** Stops reading for good; a pending fill() says false, or throws when part of a frame was read. */
  close(): void {
    this.#socket.destroy();
    this.#finish(undefined);
  }

  readonly #hand = (): Uint8Array => {
    const filling = this.#filling;
    this.#handed = filling ? filling.view.subarray(filling.offset) : this.#landing;
    return this.#handed;
  };

  /** Returns false to stop reading; Node asks #hand() for the next buffer right after. */
  readonly #received = (byteCount: number): boolean => {
    const filling = this.#filling;
    if (this.#handed === this.#landing) {
      this.#landed = this.#landing.subarray(0, byteCount);
      if (filling) this.#takeLanded(filling);
    } else if (filling) {
      filling.offset += byteCount;
      this.#completeIfFull(filling);
    }
    return this.#filling !== undefined;
  };

  #takeLanded(filling: Filling): void {
    const taken = this.#landed.subarray(0, filling.view.length - filling.offset);
    filling.view.set(taken, filling.offset);
    filling.offset += taken.length;
    this.#landed = this.#landed.subarray(taken.length);
    this.#completeIfFull(filling);
  }

  #completeIfFull(filling: Filling): void {
    if (filling.offset < filling.view.length) return;
    this.#filling = undefined;
    filling.resolve(true);
  }

  #finish(error: Error | undefined): void {
    this.#error ??= error;
    this.#ended = true;
    if (this.#filling) this.#settleEnd();
  }

  #settleEnd(): void {
    const filling = this.#filling;
    if (!filling) return;
    this.#filling = undefined;
    if (this.#error) filling.reject(this.#error);
    else if (filling.offset === 0) filling.resolve(false);
    else filling.reject(truncated(`${filling.offset} of ${filling.view.length} bytes`));
  }
}

function truncated(got: string): CommandError {
  return new CommandError("ERR_TRUNCATED", `the pictures ended inside a frame, after ${got}`);
}
