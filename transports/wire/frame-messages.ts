/** Messages of frames, and of the right to send them. */
import { i64, length, reserved, u16, u32, u64 } from "./field.ts";
import { format } from "./format.ts";
import { wireLimits } from "./limits.ts";
import { bytes, defineMessage } from "./message.ts";

/** The format of the frames that follow. */
export const layout = defineMessage("layout", 6, { layout: u32, reserved: reserved(4), format }, {});

/** No presentation time, ES_NO_PTS of the C header. */
export const noPts = -(2n ** 63n);

const block = bytes(wireLimits.metadataBytesMax);

/** A frame without its pixels, which follow in chunks; the next frame comes when they are all there. */
export const frame = defineMessage(
  "frame",
  7,
  {
    number: u64,
    epoch: u64,
    pts: i64,
    duration: i64,
    captured: i64,
    posted: i64,
    skipped: u64,
    size: u32,
    layout: u32,
    metadataBytes: length(u16),
    block0Bytes: length(u16),
    block1Bytes: length(u16),
    block2Bytes: length(u16),
    block3Bytes: length(u16),
    reserved: reserved(6),
  },
  { metadata: block, block0: block, block1: block, block2: block, block3: block },
  ({ size, metadata, block0, block1, block2, block3 }) => {
    if (size > wireLimits.frameBytesMax) return `it has ${size} bytes, at most ${wireLimits.frameBytesMax}`;
    const all = metadata.length + block0.length + block1.length + block2.length + block3.length;
    if (all <= wireLimits.metadataBytesMax) return undefined;
    return `metadata and sticky blocks have ${all} bytes, together at most ${wireLimits.metadataBytesMax}`;
  },
);

/** In front of a part of a frame's pixels, which are not decoded: their bytes follow these fields. */
export const chunk = defineMessage("chunk", 8, { offset: u32, reserved: reserved(4) }, {});

/**
 * What the producer may send, and what became of it. All are sums since the beginning of the connection, so a credit
 * replaces the one before.
 */
export const credit = defineMessage("credit", 9, { granted: u64, acquired: u64, skipped: u64, frame: u64 }, {});

/** The producer was reset: frames up to this one that wait at the consumer are discarded. */
export const reset = defineMessage("reset", 10, { frame: u64 }, {});
