/** What a consumer does beside taking frames. `Consumer` is the rest. */
import { EventEmitter } from "node:events";
import type { NativeConsumer } from "../native/binding.ts";
import { native } from "./base/errors.ts";
import type { ConsumerEvents, PendingFrame } from "./base/types.ts";
import { ptsOf } from "./frame.ts";

/** @internal */
export abstract class ConsumerControl extends EventEmitter<ConsumerEvents> {
  abstract get closed(): boolean;
  /** The newest connection's. */
  protected abstract get native(): NativeConsumer;

  /**
   * The frame that `acquire` would give now, without taking it: the next one by the mode; in `old-frame-available` the
   * old one; undefined when there is none. In an overwriting mode a newer one may replace it before it is acquired.
   */
  peek(): PendingFrame | undefined {
    if (this.closed) return undefined;
    const pending = native(() => this.native.peek());
    return pending && { number: pending.number, pts: ptsOf(pending.pts), isNew: pending.isNew };
  }
}
