/** State changes of every connection of one producer, told only while someone listens. */
import type { NativeConnectionInfo } from "../native/binding.ts";
import type { DisconnectCause, StateChange } from "./base/types.ts";
import type { BindingHost } from "./binding-host.ts";
import { StateTrace } from "./state-trace.ts";

export class ConnectionTraces {
  readonly #host: BindingHost;
  readonly #emit: (change: StateChange) => void;
  readonly #traces = new Map<bigint, StateTrace>();
  #active = false;

  constructor(host: BindingHost, emit: (change: StateChange) => void) {
    this.#host = host;
    this.#emit = emit;
  }

  /** Someone listened once; looking costs a call per post from then on. */
  get active(): boolean {
    return this.#active;
  }

  /** The first listener came: from here on changes are news. */
  start(connections: readonly NativeConnectionInfo[]): void {
    this.#active = true;
    this.#traces.clear();
    for (const { id, state } of connections) this.#traces.set(id, new StateTrace(this.#host.state(state), this.#emit));
  }

  look(connections: readonly NativeConnectionInfo[]): void {
    for (const { id, state } of connections) {
      const trace = this.#traces.get(id) ?? new StateTrace("created", this.#emit);
      this.#traces.set(id, trace);
      const now = this.#host.state(state);
      if (now !== "disconnected") trace.advance(now, id); // an event follows, and knows the cause
    }
  }

  gone(connection: bigint, cause: DisconnectCause): void {
    this.#traces.get(connection)?.advance("disconnected", connection, cause);
    this.#traces.delete(connection);
  }

  /** All of them at once. */
  end(cause: DisconnectCause): void {
    for (const connection of [...this.#traces.keys()]) this.gone(connection, cause);
  }
}
