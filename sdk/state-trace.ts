/**
 * State changes as events. States are looked at when something happens, not watched; between two looks a stream may
 * have gone through several. A trace fills them in, so that what is told is always a chain of legal transitions:
 *
 *   initializing > created > connecting > empty > new-frame-available <> old-frame-available;  any > disconnected
 *   and back to empty from both, by a reset
 */
import type { DisconnectCause, StateChange, StreamState } from "./base/types.ts";
import { emitAside } from "./emit-aside.ts";

/** The way up, one step at a time. */
const ladder: readonly StreamState[] = [
  "initializing",
  "created",
  "connecting",
  "empty",
  "new-frame-available",
  "old-frame-available",
];

/** Every state passed on the way from `from` to `to`, `to` included; empty when they are equal. */
export function pathBetween(from: StreamState, to: StreamState): StreamState[] {
  if (from === to || from === "disconnected") return [];
  if (to === "disconnected") return [to];
  const start = ladder.indexOf(from);
  const end = ladder.indexOf(to);
  // Down is one step: a frame was posted (old > new), taken for good where reuse is off (new > empty), or the producer
  // reset the stream (new > empty, old > empty).
  return end < start ? [to] : ladder.slice(start + 1, end + 1);
}

export class StateTrace {
  readonly #emit: (change: StateChange) => void;
  #state: StreamState;

  constructor(state: StreamState, emit: (change: StateChange) => void) {
    this.#state = state;
    this.#emit = emit;
  }

  get state(): StreamState {
    return this.#state;
  }

  /** Tells every step from the state told last to this one. */
  advance(to: StreamState, connection: bigint, cause: DisconnectCause = "none"): void {
    for (const newState of pathBetween(this.#state, to)) {
      const oldState = this.#state;
      this.#state = newState;
      this.#tell({ connection, oldState, newState, cause: newState === "disconnected" ? cause : "none" });
    }
  }

  #tell(change: StateChange): void {
    emitAside(() => this.#emit(change));
  }
}
