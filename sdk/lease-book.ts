/**
 * The leases one native object has given out, seen from memory: which views exist, and which frames were forgotten.
 *
 *   frame --- holds ---> buffer --- property ---> frame --- holds ---> ticket
 *
 * A view keeps its frame reachable, so a lease counts as forgotten only when neither can be reached any more. Then
 * nobody can read the slot, and giving it back is safe. The addon knows every view too and detaches those of a lease
 * that ends for another reason, such as the close of its connection.
 *
 * What is watched is the ticket, not the frame: a ticket goes from frame to frame, so that registering, which costs
 * more than handing over the frame, is not done for each.
 */

/** On the buffer itself: a WeakMap says the same, and costs a microsecond more per frame. */
const frameOfView = Symbol("edgestream.frame");
let warned = false;

/** Which lease a ticket stands for now; undefined while it lies in the book. */
interface Holding {
  lease: number | undefined;
}

/** Carried by a frame while its lease is open. */
export interface Ticket {
  readonly holding: Holding;
}

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
  readonly #registry: FinalizationRegistry<Holding>;
  readonly #unused: Ticket[] = [];
  #closed = false;

  constructor(kind: "read" | "write", giveBack: (lease: number) => void) {
    this.#registry = new FinalizationRegistry((holding) => {
      // A ticket that lies in the book dies with it.
      if (this.#closed || holding.lease === undefined) return;
      warnOnce(kind);
      giveBack(holding.lease);
    });
  }

  /** For a frame to carry: when neither can be reached any more, the lease is given back. */
  ticket(lease: number): Ticket {
    const ticket = this.#unused.pop() ?? this.#register();
    ticket.holding.lease = lease;
    return ticket;
  }

  /** The lease ends the normal way. The frame must let go of its ticket. */
  takeBack(ticket: Ticket): void {
    ticket.holding.lease = undefined;
    this.#unused.push(ticket);
  }

  /** A view was made: as long as it lives its frame does. */
  opened(frame: object, buffer: ArrayBuffer): void {
    (buffer as { [frameOfView]?: object })[frameOfView] = frame;
  }

  close(): void {
    this.#closed = true;
  }

  #register(): Ticket {
    const holding: Holding = { lease: undefined };
    const ticket = { holding };
    this.#registry.register(ticket, holding);
    return ticket;
  }
}
