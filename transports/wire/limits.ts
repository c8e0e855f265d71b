/** What a peer may send. Bytes, unless a name says otherwise. docs/wire.md lists them. */
export const wireLimits = {
  /** Body of any message but a chunk. The largest of this version, a frame's header with its metadata, has 4168. */
  controlBytesMax: 16384,
  /** Payload of one chunk. A control message waits for one chunk at most. */
  chunkBytesMax: 2 ** 20,
  /** One frame; its layout may allow less. */
  frameBytesMax: 2 ** 31 - 1,
  /** Control messages between two chunks of one frame: a frame makes progress. */
  controlsInFrameMax: 64,
  /** All that a peer may say before it is trusted. */
  untrustedBytesMax: 4096,
  /** Bytes that wait in a decoder whose user goes on pushing. */
  backlogBytesMax: 4 * 2 ** 20,
  streamNameBytesMax: 63,
  clientBytesMax: 63,
  tokenBytesMax: 512,
  userInfoBytesMax: 1024,
  streamInfoBytesMax: 2048,
  /** A frame's own metadata and its sticky blocks together. */
  metadataBytesMax: 4096,
  reasonBytesMax: 191,
  /** What an observer is told about all streams of a listener. */
  listBytesMax: 16000,
} as const;
