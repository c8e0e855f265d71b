/** Waiting without being woken: while somebody waits, looks again at each turn of the event loop. */
import type { Gate } from "./wait.ts";

export class TurnWatch {
  readonly #gate: Gate;
  readonly #beforeLook: () => void;
  #running = false;

  /** `beforeLook` runs before each look; it may block the thread until there is something to see. */
  constructor(gate: Gate, beforeLook: () => void) {
    this.#gate = gate;
    this.#beforeLook = beforeLook;
  }

  /** Somebody may have begun to wait. */
  start(): void {
    if (this.#running || !this.#gate.busy) return;
    this.#running = true;
    setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    this.#running = false;
    if (!this.#gate.busy) return;
    this.#beforeLook();
    this.#gate.wake();
    this.start();
  };
}
