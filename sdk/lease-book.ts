/**
 * The leases one native object has given out, seen from memory: which views exist, and which frames were forgotten.
 *
 *   frame --- holds ---> buffer --- property ---> frame
 *
 * A view keeps its frame reachable, so a lease counts as forgotten only when neither can be reached any more. Then
 * nobody can read the slot, and giving it back is safe. The addon knows every view too and detaches those of a lease
 * that ends for another reason, such as the close of its connection.
 */

/** On the buffer itself: a WeakMap says the same, and costs a microsecond more per frame. */
const frameOfView = Symbol("edgestream.frame");
let warned = false;

function warnOnce(kind: string): void {
  if (warned) return;
  warned = true;
  const what = kind === "read" ? "released; use `using`, release(), or `for await`" : "discarded; post or discard it";
  process.emitWarning(`a frame was forgotten while its lease was open and has been ${what}`, {
    type: "EdgestreamWarning",
    code: "EDGESTREAM_LEASE",
  });
}

export class LeaseBook {
  readonly #registry: FinalizationRegistry<number>;
  #closed = false;

  constructor(kind: "read" | "write", giveBack: (lease: number) => void) {
    this.#registry = new FinalizationRegistry((lease) => {
      if (this.#closed) return;
      warnOnce(kind);
      giveBack(lease);
    });
  }

  /** From here on a frame that nobody can reach gives its lease back. */
  watch(frame: object, lease: number): void {
    this.#registry.register(frame, lease, frame);
  }

  /** The lease ends the normal way. */
  unwatch(frame: object): void {
    this.#registry.unregister(frame);
  }

  /** A view was made: as long as it lives its frame does. */
  opened(frame: object, buffer: ArrayBuffer): void {
    (buffer as { [frameOfView]?: object })[frameOfView] = frame;
  }

  close(): void {
    this.#closed = true;
  }
}
