/** Reset, metadata, peek, auto-acquire, user info, stopped peers: what goes beyond handing frames over. */

const none = "–";

/** @type {readonly import("./register.mjs").Row[]} */
export const rulesOfVerbs = [
  {
    row: 17,
    rule: "A peer that hangs holds up nobody for ever",
    eglstream: "a FIFO's producer waits, a mailbox's does not",
    nvscistream: "the pool starves",
    edgestream: "`maxWaitMs`, `accept.maxHoldMs`; a stopped holder's slots are quarantined while it lives",
    tests: ["a stopped holder is evicted; thousands of frames later its slot is as it was, back at its death"],
  },
  {
    row: 24,
    rule: "A reset empties the stream",
    eglstream: "to EMPTY, a held frame goes at its release; SUPPORT_RESET",
    nvscistream: none,
    edgestream: "`reset()` with `supportReset`, else ERR_BAD_ACCESS; counters go on",
    tests: [
      "without supportReset it is ERR_BAD_ACCESS, and nothing is lost",
      "%s: waiting frames are discarded, the state is empty, counters and numbers go on",
      "a held frame stays readable until it is released, and is no old frame afterwards",
    ],
  },
  {
    row: 25,
    rule: "The consumer's process cannot reset",
    eglstream: "BAD_ACCESS",
    nvscistream: none,
    edgestream: "ERR_BAD_ACCESS",
    tests: ["stream.reset() is ERR_BAD_ACCESS where the producer is in another process, and works beside it"],
  },
  {
    row: 26,
    rule: "A reset lets a waiting insert go on",
    eglstream: "implied",
    nvscistream: none,
    edgestream: "so",
    tests: ["a post that waits in a full queue goes on, and its frame is the first one after the reset"],
  },
  {
    row: 45,
    rule: "Metadata blocks stick until they are changed",
    eglstream: "4 blocks, snapshotted at insert",
    nvscistream: "an element or nothing",
    edgestream: "`producer.setMetadata(n, offset, bytes)`, `frame.metadataBlock(n)`",
    tests: [
      "each frame has a snapshot: inherited, updated in part, zeros between; its own metadata beside it",
      "a held frame's blocks stand still, and are gone with its lease",
    ],
  },
  {
    row: 47,
    rule: "Metadata has bounds, and a state in which it can be set",
    eglstream: "BAD_PARAMETER; BAD_STATE before connect",
    nvscistream: none,
    edgestream: "ERR_BAD_PARAMETER; with `strict` ERR_BAD_STATE",
    tests: [
      "bounds: no block below 0 or above 3, no offset below 0, nothing past 4096: ERR_BAD_PARAMETER",
      "strict: without a connected consumer it is ERR_BAD_STATE",
    ],
  },
  {
    row: 48,
    rule: "Frames have times, and a FIFO's increase",
    eglstream: "ns",
    nvscistream: "fence timestamps",
    edgestream: "bigint ns; with `strict` a pts that does not increase is ERR_BAD_PARAMETER",
    tests: [
      "pts, duration and captured arrive to the nanosecond; without a pts there is none",
      "strict fifo: a pts that does not increase is ERR_BAD_PARAMETER, and nothing is posted",
    ],
  },
  {
    row: 50,
    rule: "The frame that an acquire would give can be looked at",
    eglstream: "PENDING_FRAME, TIME_PENDING",
    nvscistream: none,
    edgestream: "`consumer.peek()`",
    tests: [
      "fifo: the oldest waiting frame, with its pts; looking takes nothing",
      "in old-frame-available the old frame, held or released; in empty undefined",
    ],
  },
  {
    row: 52,
    rule: "A consumer may take frames by itself",
    eglstream: "AUTO_ACQUIRE",
    nvscistream: none,
    edgestream: "`consumer.autoAcquire(callback)`, event `frame`",
    tests: ["auto-acquire takes what waits at once, then every new frame; each lease ends with its callback"],
  },
  {
    row: 66,
    rule: "Each end can say who it is",
    eglstream: none,
    nvscistream: "typed blobs, until set-up is done",
    edgestream: "`userInfo`, at most 1024 bytes",
    tests: [
      "each side reads the other's before the first frame, and each connection has its own",
      "too late is ERR_BAD_STATE, at both ends, and changes nothing",
    ],
  },
  {
    row: 67,
    rule: "Events come in one order",
    eglstream: "polling and sync objects",
    nvscistream: "a queue per block",
    edgestream: "one chain per connection, to listeners, observers and diagnostics channels alike",
    tests: ["connected, states, stalled, recovered, evicted, disconnected and refused reach all three"],
  },
];
