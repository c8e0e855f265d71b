/**
 * The rows, as data. `…Out`: the sender of the frames listens, `…In`: their receiver does. The quick form leaves those
 * without limits out.
 */
import { context } from "./context-rows.mjs";

const more = { atLeast: true };
const less = { atLeast: false };
const listener = { Out: "sender", In: "receiver" };

/** A row for each side that may listen. */
const bothSides = (row) =>
  Object.entries(listener).map(([side, who]) => {
    const { id, what, ...rest } = row(side);
    return { id: `${id} ${who}`, what: `${what}, ${who} listens`, ...rest };
  });

const tcp = [
  ...bothSides((side) => ({
    id: "D15",
    what: "1080p over TCP",
    unit: "frames/s",
    value: `tcp${side}.framesPerSecond`,
    reference: `raw${side}.framesPerSecond`,
    against: "C send and recv",
    ...{ of: "ratio", ...more, requirement: 0.75, goal: 0.95 },
    sentence: "acquire and post against `for await`; the C program sends and receives one buffer over and over.",
  })),
  ...bothSides((side) => ({
    id: "D16",
    what: "1080p over TCP",
    unit: "frames/s",
    value: `tcp${side}.framesPerSecond`,
    reference: "bareWsOut.framesPerSecond",
    against: "ws, server to client",
    ...{ of: "ratio", ...more, requirement: 1.2, goal: 1.4 },
    sentence: "Against what Node programs often do; a server need not mask, so this is the faster way of `ws`.",
  })),
  ...bothSides((side) => ({
    id: "D17",
    what: "TCP, receive CPU",
    unit: "us/frame",
    value: `tcp${side}.consumer.cpuUsPerFrame`,
    reference: `raw${side}.consumer.cpuUsPerFrame`,
    against: "C recv",
    ...{ of: "ratio", ...less, requirement: 1.4, goal: 1.15 },
    sentence: "All threads of the receiver while D15 ran; most of it is the kernel's copy out of the socket.",
  })),
];

const webSocket = [
  ...bothSides((side) => ({
    id: "D18",
    what: "1080p over WebSocket",
    unit: "frames/s",
    value: `ws${side}.framesPerSecond`,
    reference: `bareWs${side}.framesPerSecond`,
    against: "ws, same direction",
    ...{ of: "ratio", ...more, requirement: 0.9, goal: 0.98 },
    sentence: "The same package underneath, with a message per frame and nothing else.",
  })),
  ...bothSides((side) => ({
    id: "D18 CPU",
    what: "WebSocket, CPU of both",
    unit: "us/frame",
    value: `ws${side}.cpuUsPerFrame`,
    reference: `bareWs${side}.cpuUsPerFrame`,
    against: "ws, same direction",
    ...{ of: "ratio", ...less, requirement: 1.1, goal: 1.1 },
    sentence: "All threads of the sender and of the receiver while D18 ran.",
  })),
];

/** @type {import("../harness/suite.mjs").Row[]} */
export const rows = [...tcp, ...webSocket, ...context];
