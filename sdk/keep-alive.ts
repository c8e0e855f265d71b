/** Whether one object keeps the process alive: while something holds it, unless the application said `unref()`. */

/** The addon's own count; above zero the process stays alive. */
export interface LoopReference {
  ref(): void;
  unref(): void;
}

export class KeepAlive {
  readonly #loop: LoopReference;
  #holds = 0;
  #enabled: boolean;

  constructor(loop: LoopReference, enabled = true) {
    this.#loop = loop;
    this.#enabled = enabled;
  }

  get enabled(): boolean {
    return this.#enabled;
  }

  hold(): void {
    if (this.#holds++ === 0 && this.#enabled) this.#loop.ref();
  }

  drop(): void {
    if (--this.#holds === 0 && this.#enabled) this.#loop.unref();
  }

  ref(): void {
    if (this.#enabled) return;
    this.#enabled = true;
    if (this.#holds > 0) this.#loop.ref();
  }

  unref(): void {
    if (!this.#enabled) return;
    this.#enabled = false;
    if (this.#holds > 0) this.#loop.unref();
  }
}
