/** What ends a consumer's wait beside a frame. */
import { StreamError } from "./base/errors.ts";
import type { ReadableFrame, Result, WaitOptions } from "./base/types.ts";
import type { GiveUp } from "./wait.ts";

export const noLimits: WaitOptions = {};

/** Without limits nothing ends a wait but its attempt. */
export function neverGivesUp(): never {
  throw new StreamError("ERR_ABORTED", "a wait without limits was given up", { reason: "aborted" });
}

export function giveUpNext(why: GiveUp): Result<ReadableFrame> {
  return { status: why };
}
