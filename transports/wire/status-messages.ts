/** Messages about the connection itself. Who does not know one of the optional ones loses no frame by it. */
import { stateCodes } from "./codes.ts";
import { i64, length, named, reserved, u16, u32, u64 } from "./field.ts";
import { wireLimits } from "./limits.ts";
import { bytes, defineMessage, optionalBit, text } from "./message.ts";

/** Answered at once. Answers come behind all frames that were sent before them: a barrier as well as a clock. */
export const ping = defineMessage("ping", 11, { id: u64, sent: i64 }, {});

/** With the ping's own stamp, the times at which it came and this left: enough to estimate offset and error. */
export const pong = defineMessage("pong", 12, { id: u64, sent: i64, received: i64, answered: i64 }, {});

/** The producer's sums for this connection; posted = delivered + skipped + discarded + waiting. */
export const report = defineMessage(
  "report",
  optionalBit + 1,
  { frame: u64, posted: u64, delivered: u64, skipped: u64, discarded: u64, waiting: u64 },
  {},
);

/** The sender's state, and the last frame it posted or acquired. */
export const state = defineMessage(
  "state",
  optionalBit + 2,
  { state: named(u32, stateCodes), latencyUs: u32, frame: u64 },
  {},
);

/** What the producer tells about its stream. */
export const streamInfo = defineMessage(
  "streamInfo",
  optionalBit + 3,
  { frames: u64, bytes: u64, elapsed: i64, infoBytes: length(u16), reserved: reserved(6) },
  { info: bytes(wireLimits.streamInfoBytesMax) },
);

/** What the producer tells about itself; the consumer's is in its hello. */
export const userInfo = defineMessage(
  "userInfo",
  optionalBit + 4,
  { infoBytes: length(u16), reserved: reserved(6) },
  { info: bytes(wireLimits.userInfoBytesMax) },
);

/** The answer to who observes: what there is, as JSON. */
export const listing = defineMessage(
  "listing",
  optionalBit + 5,
  { listBytes: length(u16), reserved: reserved(6) },
  { list: text(wireLimits.listBytesMax) },
);
