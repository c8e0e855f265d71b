/** A frame's pixels as they leave: cut into chunks, not copied. */
import { StreamError } from "../../sdk/base/errors.ts";
import { chunk } from "./frame-messages.ts";
import { wireLimits } from "./limits.ts";
import { headerBytes, writeHeader } from "./message.ts";

/** What stands in front of a chunk's payload. */
export const chunkHeadBytes = headerBytes + chunk.fixedBytes;

export interface Chunk {
  head: Uint8Array;
  /** A view of the frame's bytes. */
  payload: Uint8Array;
}

/** @param offset of the payload in its frame. @throws StreamError ERR_BAD_PARAMETER: no payload, or above 1 MiB. */
export function encodeChunkHead(offset: number, payloadBytes: number): Uint8Array {
  if (!(payloadBytes >= 1 && payloadBytes <= wireLimits.chunkBytesMax)) {
    const expected = `a chunk has 1 to ${wireLimits.chunkBytesMax} bytes, got ${payloadBytes}`;
    throw new StreamError("ERR_BAD_PARAMETER", expected);
  }
  const head = chunk.encode({ type: "chunk", offset });
  writeHeader(new DataView(head.buffer), chunk.fixedBytes + payloadBytes, chunk.id);
  return head;
}

/**
 * A frame's bytes piece by piece; between two of them control messages may be sent. The views end with the frame's
 * lease.
 * @param chunkBytes of one payload. @default 1 MiB, which is the most
 */
export function* chunksOf(data: Uint8Array, chunkBytes: number = wireLimits.chunkBytesMax): Generator<Chunk> {
  for (let offset = 0; offset < data.length; offset += chunkBytes) {
    const payload = data.subarray(offset, offset + chunkBytes);
    yield { head: encodeChunkHead(offset, payload.length), payload };
  }
}
