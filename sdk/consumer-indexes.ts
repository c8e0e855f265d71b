/** Consumers by index, as their producer counts them: the lowest free one for whoever comes, kept until it goes. */
import type { NativeConnectionInfo } from "../native/binding.ts";
import type { ConnectedConsumer } from "./base/info-types.ts";
import type { StreamState } from "./base/types.ts";
import type { BindingHost } from "./binding-host.ts";

const connected: ReadonlySet<StreamState> = new Set(["empty", "new-frame-available", "old-frame-available"]);

export class ConsumerIndexes {
  readonly #host: BindingHost;
  #ids: (bigint | undefined)[] = [];

  constructor(host: BindingHost) {
    this.#host = host;
  }

  /** To be called whenever one came or went; `connections` in the order in which they came. */
  look(connections: readonly NativeConnectionInfo[]): (ConnectedConsumer | undefined)[] {
    const alive = connections.filter(({ state }) => connected.has(this.#host.state(state)));
    const byId = new Map(alive.map((connection) => [connection.id, connection]));
    this.#ids = this.#ids.map((id) => (id !== undefined && byId.has(id) ? id : undefined));
    for (const { id } of alive) if (!this.#ids.includes(id)) this.#place(id);
    while (this.#ids.length > 0 && this.#ids.at(-1) === undefined) this.#ids.pop();
    return this.#ids.map((id, index) => (id === undefined ? undefined : this.#describe(index, byId.get(id))));
  }

  #place(id: bigint): void {
    const free = this.#ids.indexOf(undefined);
    if (free < 0) this.#ids.push(id);
    else this.#ids[free] = id;
  }

  #describe(index: number, info: NativeConnectionInfo | undefined): ConnectedConsumer | undefined {
    if (info === undefined) return undefined;
    const { id, client, pid, policy, state } = info;
    return { index, connection: id, client, pid, mode: policy.label, state: this.#host.state(state) };
  }
}
