/**
 * Plain sockets, to try a link with. One JSON argument with a role:
 *   server                          echoes TCP and UDP; says listening with its port; ends with its stdin
 *   pings { host, port, count }     one byte there and back, one after the other
 *   transfer { host, port, bytes }  noise there and back; says begun when the first of it has come back
 *   datagrams { host, port, count } all at once, numbered
 * All but the server say done.
 */
import { createHash, randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";

const { role, host, port, count, bytes } = JSON.parse(process.argv[2] ?? "{}");
const quietMs = 500; // datagrams that do not come within this are lost

function say(kind, fields = {}) {
  process.stdout.write(`${JSON.stringify({ kind, ...fields })}\n`);
}

async function server() {
  const tcp = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    socket.on("error", () => socket.destroy());
    socket.pipe(socket);
  });
  await once(tcp.listen(0, "::"), "listening");
  const udp = createSocket("udp6");
  udp.on("message", (message, from) => udp.send(message, from.port, from.address));
  udp.bind(tcp.address().port);
  await once(udp, "listening");
  say("listening", { port: tcp.address().port });
  process.stdin.resume().on("end", () => process.exit(0));
}

async function dial() {
  const socket = connect({ host, port, noDelay: true });
  await once(socket, "connect");
  return socket;
}

async function pings() {
  const socket = await dial();
  const roundTripsMs = [];
  for (let number = 0; number < count; number++) {
    const start = performance.now();
    socket.write("p");
    await once(socket, "data");
    roundTripsMs.push(performance.now() - start);
  }
  socket.destroy();
  say("done", { minMs: Math.min(...roundTripsMs), maxMs: Math.max(...roundTripsMs) });
}

async function transfer() {
  const noise = randomBytes(bytes);
  const hash = createHash("sha256");
  const socket = await dial();
  const start = performance.now();
  let received = 0;
  Readable.from(chunksOf(noise)).pipe(socket);
  for await (const chunk of socket) {
    if (received === 0) say("begun");
    received += chunk.length;
    hash.update(chunk);
  }
  const seconds = (performance.now() - start) / 1000;
  const isWhole = hash.digest("hex") === createHash("sha256").update(noise).digest("hex");
  say("done", { received, isWhole, seconds });
}

function* chunksOf(noise) {
  for (let offset = 0; offset < noise.length; offset += 65536) yield noise.subarray(offset, offset + 65536);
}

async function datagrams() {
  const udp = createSocket(host.includes(":") ? "udp6" : "udp4");
  const numbers = [];
  udp.on("message", (message) => numbers.push(message.readUInt32LE()));
  for (let number = 0; number < count; number++) {
    const message = Buffer.alloc(4);
    message.writeUInt32LE(number);
    udp.send(message, port, host);
  }
  for (let before = -1; numbers.length < count && numbers.length !== before; ) {
    before = numbers.length;
    await sleep(quietMs);
  }
  udp.close();
  const overtaken = numbers.filter((number, index) => number < (numbers[index - 1] ?? 0)).length;
  say("done", { received: numbers.length, overtaken });
}

await { server, pings, transfer, datagrams }[role]();
