/** Messages of the beginning and the end of a connection. */

import { attributes } from "./attributes.ts";
import { causeCodes, resultCodes, roleCodes } from "./codes.ts";
import { i32, length, named, reserved, u8, u16, u32, u64 } from "./field.ts";
import { wireLimits } from "./limits.ts";
import { bytes, defineMessage, text } from "./message.ts";
import { policy, policyOrNone } from "./policy.ts";

/** Either end's first message. The end that listens answers a producer with one; it answers a consumer with welcome. */
export const hello = defineMessage(
  "hello",
  1,
  {
    role: named(u8, roleCodes),
    streamBytes: length(u8),
    clientBytes: length(u8),
    reserved: reserved(1),
    tokenBytes: length(u16),
    userInfoBytes: length(u16),
    formatMask: u32,
    idleMs: u32,
    previousEpoch: u64,
    previous: u64,
    policy: policyOrNone,
  },
  {
    stream: text(wireLimits.streamNameBytesMax),
    client: text(wireLimits.clientBytesMax),
    token: text(wireLimits.tokenBytesMax),
    userInfo: bytes(wireLimits.userInfoBytesMax),
  },
  ({ stream, role, policy }) => {
    const all = role === "observe" && stream === "";
    if (!all && !/^[A-Za-z0-9_-]+$/.test(stream))
      return "the stream's name has other characters than A-Z a-z 0-9 _ -, or none";
    if ((role === "consume") === (policy !== undefined)) return undefined;
    return "a consumer has a policy, and nobody else";
  },
);

/** The producer takes the consumer. */
export const welcome = defineMessage(
  "welcome",
  2,
  { connection: u64, epoch: u64, idleMs: u32, reserved: reserved(4), policy },
  {},
);

/** The producer, or who listens for it, does not take the peer; the connection ends. */
export const refused = defineMessage(
  "refused",
  3,
  { code: named(i32, resultCodes, "ERR_REFUSED"), reasonBytes: length(u16), reserved: reserved(2) },
  { reason: text(wireLimits.reasonBytesMax) },
);

/** Why the connection ends; nothing but credit may follow from the other side. */
export const bye = defineMessage(
  "bye",
  4,
  { cause: named(u32, causeCodes, "none"), reasonBytes: length(u16), reserved: reserved(2) },
  { reason: text(wireLimits.reasonBytesMax) },
);

/** What an end insists on; see mergeAttributes. */
export const attributesMessage = defineMessage("attributes", 5, { attributes }, {});
