/** Defaults and limits of options. Apart from their checks, because a browser has these and not those. */

/** Every bound has a name. The core checks its own again. */
export const limits = {
  nameLengthMax: 63,
  clientBytesMax: 63,
  pixelsMax: 16384, // per direction
  bytesMax: 2 ** 31 - 1, // one frame of format `bytes`
  capacityMax: 128, // waiting frames of one connection
  heldMax: 64,
  consumersMax: 128,
  slotsMin: 2,
  slotsMax: 256,
  writingMax: 64,
  metadataBytesMax: 4096,
  waitMsMax: 2 ** 31 - 1, // what a timer can hold
  uint32Max: 2 ** 32 - 1,
} as const;

export const defaults = {
  mode: "mailbox",
  fifoLength: 4,
  capacity: 8,
  maxHeld: 1,
  onStall: "evict",
  start: "next",
  reuse: true,
  wait: "event",
  whileAway: "wait",
  /** How long a full queue of another process may hold up the producer. */
  maxWaitMsAcrossProcesses: 5000,
  /** In process nobody can hang without us. */
  maxWaitMsInProcess: -1,
  maxConsumers: 16,
  maxPoolBytes: 4 * 2 ** 30,
  maxWriting: 2,
  onHeldTooLong: "announce",
  whenNoConsumer: "drop",
  supportReset: false,
  socketMode: 0o600,
  handshakesPerSecond: 500,
} as const;

/** How long a connecting end waits for others that are in the middle of their hand-shake. */
export const attachGraceMs = 1000;
/** How long `stream.info()` waits for a producer elsewhere, unless told otherwise. */
export const infoMs = 1000;
/** A hand-shake with a stream that was there a moment ago gets at least this long. */
export const handshakeMsMin = 5000;
/** `wait: "block"`: how long the thread may stand still before its event loop gets a turn. */
export const blockMs = 100;
/** Between two looks of a standby for its name. */
export const standbyPauseMs = 50;
/** Between two looks for a stream that is not there yet. */
export const openBackoff = { firstMs: 5, factor: 1.6, maxMs: 100 } as const;

/** Of a connection over the network. */
export const networkDefaults = {
  connectTimeoutMs: 5000,
  idleTimeoutMs: 10_000,
} as const;
