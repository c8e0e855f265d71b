/** What a consumer asks for, and what it is granted: the 40 bytes of `es_policy`. */
import type { NativePolicy } from "../../native/binding.ts";
import { type Field, fixedText, flag, i32, struct, u8, u16, u32 } from "./field.ts";

const fields = struct("policy", {
  capacity: u32,
  whenFull: u8,
  pick: u8,
  onStall: u8,
  start: u8,
  onDisconnect: u8,
  noReuse: flag,
  maxHeld: u16,
  maxWaitMs: i32,
  maxLag: u32,
  maxLagTotal: u32,
  label: fixedText(16),
});

export const policyRows = fields.rows;

/** The producer's admission judges the numbers, as it does for a local consumer. */
export const policy = fields as unknown as Field<NativePolicy>;

/** All zero is none: a policy has a capacity of at least 1. */
export const policyOrNone: Field<NativePolicy | undefined> = {
  ...policy,
  read: (view, at) => {
    const value = policy.read(view, at);
    return value.capacity === 0 ? undefined : value;
  },
  write: (view, at, value) => {
    if (value !== undefined) policy.write(view, at, value);
  },
};
