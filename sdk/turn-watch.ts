/** Waiting without being woken: while somebody waits, looks again at each turn of the event loop. */
import type { KeepAlive } from "./keep-alive.ts";
import type { Gate } from "./wait.ts";

export class TurnWatch {
  readonly #gate: Gate;
  readonly #keepAlive: KeepAlive;
  readonly #beforeLook: () => boolean;
  #running = false;

  /**
   * `beforeLook` runs before each look, and may block the thread until there is something to see. When it says false
   * and the look finds nothing, looking again is of no use before `start()`.
   */
  constructor(gate: Gate, keepAlive: KeepAlive, beforeLook: () => boolean) {
    this.#gate = gate;
    this.#keepAlive = keepAlive;
    this.#beforeLook = beforeLook;
  }

  /** Turns of the loop keep the process alive. A wait that must not do that is woken as everybody else. */
  get usable(): boolean {
    return this.#keepAlive.enabled;
  }

  /** Somebody may have begun to wait, or may find now what was of no use before. */
  start(): void {
    if (this.#running || !this.usable || !this.#gate.busy) return;
    this.#running = true;
    setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    this.#running = false;
    if (!this.#gate.busy) return;
    const goOn = this.usable && this.#beforeLook();
    this.#gate.wake();
    if (goOn) this.start();
  };
}
