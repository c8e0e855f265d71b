/** Listeners by name, with the calls that a Node EventEmitter has. */
import { emitAside } from "../emit-aside.ts";

/** What each event tells. */
export type EventMap<E> = { [Name in keyof E]: readonly unknown[] };

type Listener<A extends readonly unknown[]> = (...told: A) => void;

export class Emitter<E extends EventMap<E>> {
  readonly #listeners = new Map<keyof E, Set<Listener<never>>>();

  on<Name extends keyof E>(name: Name, listener: Listener<E[Name]>): this {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener as Listener<never>));
    return this;
  }

  once<Name extends keyof E>(name: Name, listener: Listener<E[Name]>): this {
    const first: Listener<E[Name]> = (...told) => {
      this.off(name, first);
      listener(...told);
    };
    return this.on(name, first);
  }

  off<Name extends keyof E>(name: Name, listener: Listener<E[Name]>): this {
    this.#listeners.get(name)?.delete(listener as Listener<never>);
    return this;
  }

  /** A listener that throws is heard of by the page, and stops nobody. */
  protected emit<Name extends keyof E>(name: Name, ...told: E[Name]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      emitAside(() => (listener as Listener<E[Name]>)(...told));
    }
  }
}
