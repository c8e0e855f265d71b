/** What travels with a post, written into the addon's shared words. By hand: this runs once per frame. */
import { PostInfo } from "../native/binding.ts";
import { limits } from "./base/config.ts";
import { StreamError } from "./base/errors.ts";
import type { PostOptions } from "./base/types.ts";

const noPts = -(2n ** 63n); // ES_NO_PTS
const timeMin = noPts + 1n;
const timeMax = 2n ** 63n - 1n;

function wrong(option: string, expected: string, got: unknown): StreamError {
  return new StreamError("ERR_BAD_PARAMETER", `post: option "${option}": expected ${expected}, got ${String(got)}`);
}

function checkTime(option: string, value: unknown, min: bigint): void {
  if (value === undefined) return;
  if (typeof value !== "bigint" || value < min || value > timeMax) {
    throw wrong(option, "a bigint of nanoseconds that fits in 64 bits", value);
  }
}

/** Once per call, before any waiting. `slotBytes`: the largest size. */
export function checkPostOptions(options: PostOptions, slotBytes: number): void {
  checkTime("pts", options.pts, timeMin);
  checkTime("duration", options.duration, 0n);
  checkTime("captured", options.captured, 0n);
  const { size, metadata } = options;
  if (size !== undefined && !(Number.isInteger(size) && size >= 1 && size <= slotBytes)) {
    throw wrong("size", `1 to ${slotBytes} bytes`, size);
  }
  if (metadata === undefined) return;
  if (!(metadata instanceof Uint8Array) || metadata.byteLength > limits.metadataBytesMax) {
    const got = metadata instanceof Uint8Array ? `${metadata.byteLength} bytes` : typeof metadata;
    throw wrong("metadata", `a Uint8Array of at most ${limits.metadataBytesMax} bytes`, got);
  }
}

/**
 * Right before each tryPost: another producer of this environment may have written here in between.
 * @returns whether there was something to write; if not, the addon uses the defaults
 */
export function writePostInfo(postInfo: BigInt64Array, options: PostOptions): boolean {
  if (
    options.pts === undefined &&
    options.duration === undefined &&
    options.captured === undefined &&
    options.size === undefined
  ) {
    return false;
  }
  postInfo[PostInfo.pts] = options.pts ?? noPts;
  postInfo[PostInfo.duration] = options.duration ?? 0n;
  postInfo[PostInfo.captured] = options.captured ?? 0n;
  postInfo[PostInfo.size] = options.size === undefined ? 0n : BigInt(options.size);
  return true;
}
