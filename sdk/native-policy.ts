/** How a connection treats frames, in the numbers of `edgestream.h`. Nothing of Node: a browser asks for the same. */
import { modes } from "../modes/mode.ts";
import type { ModePolicy } from "../modes/policy.ts";
import type { NativePolicy } from "../native/binding.ts";
import { defaults } from "./base/defaults.ts";
import type { ModeOptions } from "./base/types.ts";

// Each table restates one enum of the header.
export const whenFull = { wait: 0, overwrite: 1, drop: 2 } as const;
const pick = { next: 0, newest: 1 } as const;
const onStall = { evict: 0, overwrite: 1 } as const;
const start = { next: 0, newest: 1 } as const;
export const onDisconnect = { drop: 0, drain: 1 } as const;

/** What one connection asks for, `options` being merged already. */
export function toNativePolicy(options: ModeOptions, reach: "in-process" | "ipc"): NativePolicy {
  const maxWaitMs = reach === "ipc" ? defaults.maxWaitMsAcrossProcesses : defaults.maxWaitMsInProcess;
  const settings = {
    ...options,
    fifoLength: options.fifoLength ?? defaults.fifoLength,
    capacity: options.capacity ?? defaults.capacity,
    maxHeld: options.maxHeld ?? defaults.maxHeld,
    onStall: options.onStall ?? defaults.onStall,
    start: options.start ?? defaults.start,
    reuse: options.reuse ?? defaults.reuse,
  };
  return encodePolicy(modes[options.mode ?? defaults.mode].policy(settings, { maxWaitMs }));
}

function encodePolicy(policy: ModePolicy): NativePolicy {
  return {
    capacity: policy.capacity,
    whenFull: whenFull[policy.whenFull],
    pick: pick[policy.pick],
    onStall: onStall[policy.onStall],
    start: start[policy.start],
    onDisconnect: onDisconnect[policy.onDisconnect],
    noReuse: !policy.reuse,
    maxHeld: policy.maxHeld,
    maxWaitMs: policy.maxWaitMs,
    maxLag: policy.maxLag,
    maxLagTotal: policy.maxLagTotal,
    label: policy.label,
  };
}
