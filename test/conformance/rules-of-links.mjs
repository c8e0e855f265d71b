/** Rules of streams between processes that share nothing, partitions and hosts. */
export const rulesOfLinks = [
  {
    row: 59,
    rule: "Two objects, one at each end of a socket, make a stream",
    eglstream: "`eglCreateStreamKHR` with endpoint, type and protocol; the socket belongs to the stream",
    nvscistream: "IPC channel",
    edgestream:
      "`listen` at one end, an address in `openStream` at the other; a mismatch is `disconnected` at both ends",
    tests: ["two attributes that clash: disconnected at both ends with the names, and no throw"],
  },
  {
    row: 60,
    rule: "Attributes are negotiated: don't care, copied, or equal",
    eglstream: "EGL_DONT_CARE",
    nvscistream: "reconciled lists",
    edgestream: "option `attributes`: undefined is don't care",
    tests: [
      "what nobody insists on is the default, what one end insists on holds for both",
      "two attributes that clash: disconnected at both ends with the names, and no throw",
    ],
  },
  {
    row: 61,
    rule: "An endpoint has one role",
    eglstream: "BAD_ACCESS",
    nvscistream: "block types",
    edgestream: "a second producer is ERR_RESOURCE_BUSY, a token for another role ERR_BAD_ACCESS",
    tests: ["a token for reading does not let a producer in, and a second producer is refused"],
  },
  {
    row: 62,
    rule: "The ends may differ for a moment; flush brings them in step",
    eglstream: "`eglStreamFlushNV`",
    nvscistream: "events",
    edgestream: "`producer.flush()` resolves when every peer has what was posted before",
    tests: ["posted, flushed, told by another way: an acquire finds the frame every time"],
  },
  {
    row: 63,
    rule: "Streams leave the partition and the host",
    eglstream: "INET sockets, DMA as an option",
    nvscistream: "chip to chip",
    edgestream: "tcp, tls, ws, wss; this suite runs over the first three",
    tests: ["every frame comes, in order", "the newest frame wins, and what was passed over is counted"],
  },
  {
    row: 64,
    rule: "A copy gives the source buffer back when it is made",
    eglstream: "by copy",
    nvscistream: "C2C blocks with a pool of their own",
    edgestream: "the slot is free when the kernel has the bytes, whatever the remote consumer holds",
    tests: ["a remote consumer that holds frames, or is gone, holds no slot of the producer"],
  },
  {
    row: 65,
    rule: "Times of two processes can be compared",
    eglstream: "one clock",
    nvscistream: "–",
    edgestream: "the monotonic clock; between hosts its offset is estimated, with a bound",
    tests: ["on one host the clocks are one: times are exact, and the offset is within its error"],
  },
];
