/**
 * One side of a ping-pong over a unix socket with Node's own net: messages of 64 bytes that carry the time of their
 * write. argv[2]: { own, serves, warmUpTrips, roundTrips, runtimeDir }; the side that serves listens and hits first.
 */
import net from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { nowNs, report } from "./clock.mjs";

const task = JSON.parse(process.argv[2]);
const path = join(task.runtimeDir, "net-socket");
const messageBytes = 64;
const trips = task.warmUpTrips + task.roundTrips;
const oneWayNs = new Float64Array(trips);

async function connect() {
  if (task.serves) {
    const server = net.createServer().listen(path);
    const socket = await new Promise((resolve) => server.once("connection", resolve));
    server.close(); // which also removes the socket's file
    return socket;
  }
  for (;;) {
    const socket = net.connect(path);
    const connected = await new Promise((resolve) => {
      socket.once("connect", () => resolve(true));
      socket.once("error", () => resolve(false));
    });
    if (connected) return socket;
    await sleep(5);
  }
}

const socket = await connect();

function hit() {
  const message = Buffer.allocUnsafe(messageBytes);
  message.writeBigUInt64LE(nowNs(), 0);
  socket.write(message);
}

let hits = 0;
let rest = Buffer.alloc(0);

function onHit(message, now) {
  oneWayNs[hits] = Number(now - message.readBigUInt64LE(0));
  hits++;
  if (hits < trips || !task.serves) hit();
  if (hits < trips) return;
  report({ oneWayNs: Array.from(oneWayNs.subarray(task.warmUpTrips)) });
  socket.end();
}

socket.on("data", (chunk) => {
  const now = nowNs();
  rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
  for (; rest.length >= messageBytes; rest = rest.subarray(messageBytes)) onHit(rest, now);
});
if (task.serves) hit();
