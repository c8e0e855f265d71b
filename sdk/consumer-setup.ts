/** What a stream tells a new consumer beside its connection. */
import { AcquireFlag } from "../native/binding.ts";
import type { AttributeSettings, InitialAttributes } from "./attributes.ts";
import type { StreamInfo } from "./base/info-types.ts";
import type { WaitOptions, WaitStrategy } from "./base/types.ts";
import type { Comeback } from "./supervise.ts";

/** @internal */
export interface ConsumerSetup {
  /** EGL to the letter: acquire before the producer came is an error at once. */
  strict: boolean;
  wait: WaitStrategy;
  /** How the next connection is made; undefined: this one is the only one. */
  comeback: Comeback | undefined;
  initial: InitialAttributes;
  settings: Readonly<AttributeSettings>;
  info(options: WaitOptions): Promise<StreamInfo>;
  onClosed: () => void;
}

/** What an acquire says beyond which frames it takes, by how its consumer waits. */
export const waitFlags: Readonly<Record<WaitStrategy, number>> = {
  event: 0,
  poll: AcquireFlag.noWake | AcquireFlag.spin,
  block: AcquireFlag.noWake,
};
