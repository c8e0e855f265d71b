/** What push() is given, checked before any waiting. */
import { StreamError } from "./base/errors.ts";
import type { FrameLayout, PostOptions } from "./base/types.ts";
import { checkPostOptions } from "./post-options.ts";

/** The options with the size filled in; throws when the bytes are not one frame. */
export function checkPushBytes(bytes: ArrayBufferView, options: PostOptions, layout: FrameLayout): PostOptions {
  const { size, format } = layout;
  const got = ArrayBuffer.isView(bytes) ? bytes.byteLength : undefined;
  const fits = got !== undefined && (format === "bytes" ? got >= 1 && got <= size : got === size);
  if (!fits) {
    const expected = format === "bytes" ? `1 to ${size}` : `${size}`;
    const text = `push: expected a typed array or Buffer of ${expected} bytes, got ${got ?? typeof bytes}`;
    throw new StreamError("ERR_BAD_PARAMETER", text);
  }
  checkPostOptions(options, got);
  return format === "bytes" && options.size === undefined ? { ...options, size: got } : options;
}
