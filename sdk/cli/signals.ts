/** SIGINT and SIGTERM: the first asks for a clean end, the second ends at once. */
import { constants } from "node:os";

export interface StopSignals {
  /** Fires at the first of them. */
  readonly signal: AbortSignal;
  /** The process is no longer ours to end. */
  dispose(): void;
}

export function listenForStop(): StopSignals {
  const controller = new AbortController();
  const onSignal = (name: NodeJS.Signals) => {
    if (!controller.signal.aborted) {
      controller.abort();
      return;
    }
    process.exit(128 + constants.signals[name]);
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  return {
    signal: controller.signal,
    dispose: () => {
      process.off("SIGINT", onSignal);
      process.off("SIGTERM", onSignal);
    },
  };
}
