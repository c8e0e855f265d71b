/**
 * One side of a run of frames through bare `ws`: a message per frame, nothing looks at the pixels.
 * argv[2]: { sends, listens, port, frameBytes, fps, warmUpMs, measureMs }; fps 0 = as fast as it goes, two messages in
 * flight. The first 8 bytes of a frame are the time of its send. The sender ends the run.
 */
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket, WebSocketServer } from "ws";
import { cpuUs, nowNs, pacedWarmUpMs, percentiles, report } from "./clock.mjs";
import { pace } from "./pace.mjs";

const task = JSON.parse(process.argv[2]);
const paced = task.fps > 0;
const inFlightMax = 2;
const options = { perMessageDeflate: false, maxPayload: 2 * task.frameBytes };

async function accept() {
  const server = new WebSocketServer({ ...options, host: "127.0.0.1", port: task.port });
  const [socket] = await once(server, "connection");
  server.close();
  return socket;
}

async function dial() {
  for (;;) {
    const socket = new WebSocket(`ws://127.0.0.1:${task.port}`, options);
    // Before it is open, so that no message comes unseen.
    if (!task.sends) socket.on("message", receive);
    const isOpen = await new Promise((resolve) => {
      socket.once("open", () => resolve(true));
      socket.once("error", () => resolve(false));
    });
    if (isOpen) return socket;
    await sleep(5);
  }
}

const latencyNs = [];
let received = 0;
let first;
let start;

function receive(message) {
  const now = nowNs();
  received++;
  first ??= now;
  if (start !== undefined) {
    if (paced) latencyNs.push(Number(now - message.readBigInt64LE(0)));
  } else if (now - first >= BigInt((task.warmUpMs + (paced ? pacedWarmUpMs : 0)) * 1e6)) {
    start = { ns: now, cpuUs: cpuUs(), received };
  }
}

function reportReceived() {
  if (start === undefined) throw new Error("the run ended within its warm-up");
  const frames = received - start.received;
  report({
    framesPerSecond: (frames * 1e9) / Number(nowNs() - start.ns),
    cpuUsPerFrame: (cpuUs() - start.cpuUs) / frames,
    latency: percentiles(latencyNs),
  });
}

const pixels = Buffer.alloc(task.frameBytes, 1);

/** Resolves when the kernel has the message. */
function send(socket) {
  pixels.writeBigInt64LE(nowNs(), 0);
  return new Promise((resolve, reject) => {
    socket.send(pixels, (error) => (error ? reject(error) : resolve()));
  });
}

/** Sends for `ms`; returns how many. */
async function flood(socket, ms) {
  const end = nowNs() + BigInt(ms * 1e6);
  let sent = 0;
  const lane = async () => {
    for (; nowNs() < end; sent++) await send(socket);
  };
  await Promise.all(Array.from({ length: inFlightMax }, lane));
  return sent;
}

async function sendAll(socket) {
  await flood(socket, task.warmUpMs);
  const steady = (ms) => pace(task.fps, ms, () => send(socket));
  if (paced) await steady(pacedWarmUpMs);
  const startNs = nowNs();
  const startCpuUs = cpuUs();
  const sent = await (paced ? steady(task.measureMs) : flood(socket, task.measureMs));
  const seconds = Number(nowNs() - startNs) / 1e9;
  report({ framesPerSecond: sent / seconds, cpuUsPerFrame: (cpuUs() - startCpuUs) / sent });
}

const socket = await (task.listens ? accept() : dial());
if (task.listens && !task.sends) socket.on("message", receive);
const closed = once(socket, "close");
if (task.sends) {
  await sendAll(socket);
  socket.close();
}
await closed;
if (!task.sends) reportReceived();
