/** States in few columns. */
import type { StreamState } from "../../base/types.ts";

const short: Partial<Record<StreamState, string>> = {
  "new-frame-available": "new-frame",
  "old-frame-available": "old-frame",
};

export function shortState(state: StreamState | undefined, width: number): string {
  if (state === undefined) return "-";
  return state.length <= width ? state : (short[state] ?? state);
}
