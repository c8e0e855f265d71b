/** What tcp, ws and the browser say to a peer: bytes in docs/wire.md, no sockets here, nothing of Node. */
export { mergeAttributes, type WireAttributes } from "./attributes.ts";
export { type Chunk, chunkHeadBytes, chunksOf, encodeChunkHead } from "./chunks.ts";
export type { WireErrorCode, WireRole } from "./codes.ts";
export { Decoder, type Payload, type WireItem } from "./decoder.ts";
export { noPts } from "./frame-messages.ts";
export { wireLimits } from "./limits.ts";
export { encodeMessage, type WireMessage } from "./messages.ts";
export { agreeVersion, encodeOpening, type Versions, wireVersions } from "./opening.ts";
