/** The addon as transports need it: sdk/binding-host.ts is one. */
import type { NativeBinding, NativeEvent } from "../../native/binding.ts";
import type { DisconnectCause, StreamState } from "../../sdk/base/types.ts";

export interface NativeTarget {
  onWake(): void;
  onEvent(event: NativeEvent): void;
}

export interface NativeHost {
  readonly binding: NativeBinding;
  register(object: number, target: NativeTarget): void;
  unregister(object: number): void;
  /** What an object's target hears is `translate`d first; undefined: no more. */
  intercept(object: number, translate: ((event: NativeEvent) => NativeEvent) | undefined): void;
  /** As if the addon told it, later in this turn. */
  tell(event: NativeEvent): void;
  state(number: number): StreamState;
  cause(number: number): DisconnectCause;
}
