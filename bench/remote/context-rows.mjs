/** Rows without limits: latency at a camera's pace, processor time of each end, and what TLS costs. */

const transports = {
  tcp: { measured: "tcp", reference: "raw", against: "C send and recv" },
  ws: { measured: "ws", reference: "bareWs", against: "ws, server to client" },
};

const ends = { sending: "producer", receiving: "consumer" };

/** A row for each transport and each key of `kinds`. */
const perTransport = (kinds, row) =>
  Object.entries(transports).flatMap(([transport, each]) =>
    Object.entries(kinds).map(([kind, what]) => ({ against: each.against, ...row(transport, each, kind, what) })),
  );

const latency = perTransport({ p50: "p50Us", p99: "p99Us" }, (transport, { measured, reference }, kind, field) => ({
  id: `latency ${transport} ${kind}`,
  what: `60 fps 1080p over ${transport}, ${kind}`,
  unit: "us",
  value: `${measured}Paced.consumer.latency.${field}`,
  reference: `${reference}Paced.consumer.latency.${field}`,
  sentence: "From before post() to the loop body, not pinned: everything has been asleep for 16 ms.",
}));

const cpu = perTransport(ends, (transport, { measured, reference }, kind, end) => ({
  id: `cpu ${transport} ${kind}`,
  what: `${kind} over ${transport}, CPU`,
  unit: "us/frame",
  value: `${measured}Out.${end}.cpuUsPerFrame`,
  reference: `${reference}Out.${end}.cpuUsPerFrame`,
  sentence: "As fast as it goes, the sender listens.",
}));

const cpuPaced = perTransport(ends, (transport, { measured, reference }, kind, end) => ({
  id: `cpu 60 fps ${transport} ${kind}`,
  what: `${kind} over ${transport} at 60 fps, CPU`,
  unit: "us/frame",
  value: `${measured}Paced.${end}.cpuUsPerFrame`,
  reference: `${reference}Paced.${end}.cpuUsPerFrame`,
  sentence: "The run of the latency: caches are cold, and both ends sleep after each frame.",
}));

const tls = [
  {
    id: "tls rate",
    what: "1080p over TLS",
    unit: "frames/s",
    value: "tlsOut.framesPerSecond",
    sentence: "Every byte is encrypted and decrypted, each by one thread.",
  },
  ...Object.entries(ends).map(([kind, end]) => ({
    id: `tls cpu ${kind}`,
    what: `${kind} over TLS, CPU`,
    unit: "us/frame",
    value: `tlsOut.${end}.cpuUsPerFrame`,
    sentence: "All threads of that end.",
  })),
].map((row) => ({ ...row, reference: row.value.replace("tlsOut", "tcpOut"), against: "edgestream over TCP" }));

const references = [
  {
    id: "masked tcp",
    what: "1080p over TCP, receiver listens",
    unit: "frames/s",
    value: "tcpIn.framesPerSecond",
    reference: "bareWsIn.framesPerSecond",
    against: "ws, client to server",
    sentence: "A WebSocket client has to mask what it sends, in JavaScript unless `bufferutil` is installed.",
  },
  {
    id: "ring C",
    what: "C send and recv, 8 frames in turn",
    unit: "frames/s",
    value: "rawRing.framesPerSecond",
    reference: "rawOut.framesPerSecond",
    against: "one buffer over and over",
    sentence: "C against C: what a ring of slots costs because it does not fit into the cache.",
  },
  {
    id: "ring rate",
    what: "1080p over TCP, sender listens",
    unit: "frames/s",
    value: "tcpOut.framesPerSecond",
    reference: "rawRing.framesPerSecond",
    against: "C, 8 frames in turn",
    sentence: "D15 against a C program that touches as much memory.",
  },
  {
    id: "ring cpu",
    what: "TCP, receive CPU, sender listens",
    unit: "us/frame",
    value: "tcpOut.consumer.cpuUsPerFrame",
    reference: "rawRing.consumer.cpuUsPerFrame",
    against: "C recv, 8 frames in turn",
    sentence: "D17 against a C program that touches as much memory.",
  },
];

/** @type {import("../harness/suite.mjs").Row[]} */
export const context = [...latency, ...cpu, ...cpuPaced, ...tls, ...references];
