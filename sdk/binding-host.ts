/**
 * The addon as one environment (the main thread, or one worker) uses it: started once, wake-ups and events routed to
 * the object they are for. Nothing here is shared between environments; the addon ends with its environment.
 */
import { KeepAliveWord, type NativeBinding, type NativeEvent } from "../native/binding.ts";
import { loadBinding } from "../native/load.ts";
import { StreamError, wrapNativeError } from "./base/errors.ts";
import type { DisconnectCause, StreamState } from "./base/types.ts";
import type { LoopReference } from "./keep-alive.ts";

/** What a native object's number stands for on this side. Both run on the JS thread, from the event loop. */
export interface NativeTarget {
  /** Something may have become possible: try again. */
  onWake(): void;
  onEvent(event: NativeEvent): void;
}

class CountedLoop implements LoopReference {
  readonly #binding: NativeBinding;
  readonly #words: Int32Array;

  constructor(binding: NativeBinding) {
    this.#binding = binding;
    this.#words = binding.keepAlive;
  }

  ref(): void {
    this.#add(1);
    if (this.#words[KeepAliveWord.referenced] === 0) this.#binding.ref();
  }

  /** The addon sees it before the loop sleeps. */
  unref(): void {
    this.#add(-1);
  }

  #add(reasons: number): void {
    this.#words[KeepAliveWord.holds] = (this.#words[KeepAliveWord.holds] ?? 0) + reasons;
  }
}

export class BindingHost {
  readonly binding: NativeBinding;
  /** What keeps the process alive. Nearly always without a call: one wait most often follows another. */
  readonly loop: LoopReference;
  readonly #targets = new Map<number, NativeTarget>();
  readonly #translators = new Map<number, (event: NativeEvent) => NativeEvent>();

  constructor(binding: NativeBinding) {
    this.binding = binding;
    this.loop = new CountedLoop(binding);
    binding.start(
      // An object may be closed with its wake-up already on the way; nobody is there then, and that is fine.
      (object) => this.#targets.get(object)?.onWake(),
      (event) => this.#deliver(event),
    );
  }

  register(object: number, target: NativeTarget): void {
    this.#targets.set(object, target);
  }

  unregister(object: number): void {
    this.#targets.delete(object);
  }

  /** What an object's target hears is translated first, whoever that is; undefined: no more. */
  intercept(object: number, translate: ((event: NativeEvent) => NativeEvent) | undefined): void {
    if (translate === undefined) this.#translators.delete(object);
    else this.#translators.set(object, translate);
  }

  /** As if the addon told it, later in this turn. */
  tell(event: NativeEvent): void {
    queueMicrotask(() => this.#deliver(event));
  }

  #deliver(event: NativeEvent): void {
    const translate = this.#translators.get(event.object);
    this.#targets.get(event.object)?.onEvent(translate === undefined ? event : translate(event));
  }

  state(number: number): StreamState {
    return (this.binding.states[number] ?? "disconnected") as StreamState;
  }

  cause(number: number): DisconnectCause {
    return (this.binding.causes[number] ?? "none") as DisconnectCause;
  }
}

let host: BindingHost | undefined;

/** This environment's host, loaded and started at first use. */
export function bindingHost(): BindingHost {
  if (host !== undefined) return host;
  try {
    host = new BindingHost(loadBinding());
  } catch (error) {
    const known = wrapNativeError(error);
    if (known instanceof StreamError) throw known;
    throw new StreamError("ERR_NO_BINDING", error instanceof Error ? error.message : String(error), { cause: error });
  }
  return host;
}
