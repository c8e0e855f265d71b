/** A bridge's options, checked: those of one connection, and those of the local stream. */

import type { BridgeOptions } from "./bridge-types.ts";
import { check, checkModeOwnsOptions, createOptions, openOptions, withPreset } from "./config.ts";

const elsewhere = { name: true, frame: true, strict: true, standby: true, timeoutMs: true, signal: true } as const;
const ofConsumers = {
  whileAway: true,
  wait: true,
  observer: true,
  demand: true,
  runtimeDir: true,
  remotes: true,
} as const;

const local = createOptions.omit(elsewhere);
const bridgeOptions = openOptions.omit(ofConsumers).extend({ name: createOptions.shape.name, local: local.optional() });

export const bridgeDefaults = { mode: "broadcast" } as const;

/** @throws StreamError ERR_BAD_PARAMETER */
export function checkBridgeOptions(options: BridgeOptions | undefined): BridgeOptions {
  const where = "createBridge";
  const checked = withPreset(check(where, bridgeOptions, options));
  const mode = checked.mode ?? bridgeDefaults.mode;
  checkModeOwnsOptions(where, checked, mode);
  return { ...checked, mode };
}
