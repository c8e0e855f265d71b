/** What a stream tells a new producer beside its native half. */
import type { Attempt, Gate } from "./wait.ts";

/** @internal */
export interface ProducerSetup {
  onClosed(): void;
  /** Resolves when peers over the network have what was posted before, or are gone. undefined: there are none. */
  flush(): Promise<void> | undefined;
}

/** To wait at `gate` until peers over the network have what was posted before this call. */
export function arrival({ flush }: ProducerSetup, gate: Gate): Attempt<true> {
  const flushed = flush();
  let arrived = flushed === undefined;
  const done = () => {
    arrived = true;
    gate.wake();
  };
  void flushed?.then(done, done); // a peer that broke off is gone
  return () => (arrived ? true : undefined);
}
