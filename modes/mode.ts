/** A mode is policy, not machinery: it fills in what the core obeys. This file says what a mode is and lists all. */
import type { ModeName } from "../sdk/base/types.ts";
import { broadcast } from "./broadcast.ts";
import { fifo } from "./fifo.ts";
import { mailbox } from "./mailbox.ts";
import type { Mode } from "./policy.ts";

export type { Mode, ModePolicy, ModeSettings, Reach } from "./policy.ts";

/** Every mode by its name. */
export const modes: Readonly<Record<ModeName, Mode>> = { mailbox, fifo, broadcast };
