// A stream that listens for WebSockets, and a web server for the page that reads it.
//   server.mjs [port]
import { createReadStream } from "node:fs";
import { createServer } from "node:http";
import { extname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createStream } from "edgestream";
import { draw, frame, framesPerSecond } from "./pattern.mjs";

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => stop.abort());

// ---------------------------------------------------------------- the page

const page = new URL("page/", import.meta.url);
const modules = new URL("../../", import.meta.resolve("edgestream/browser")); // dist/ of the package
const types = { ".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".mjs": "text/javascript" };
let streamAddress = "";

/** Where a path of the page lies on the disk; undefined: nowhere. */
function fileOf(path) {
  if (!/^(\/[a-z0-9-]+)*\/([a-z0-9-]+\.(html|css|js|mjs))?$/.test(path)) return undefined;
  if (path === "/") return new URL("index.html", page);
  if (path.startsWith("/edgestream/")) return new URL(path.slice("/edgestream/".length), modules);
  return new URL(path.slice(1), page);
}

const server = createServer((request, response) => {
  if (request.url === "/stream.json") {
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ address: streamAddress }));
    return;
  }
  const file = fileOf(request.url);
  const missing = () => response.writeHead(404).end();
  if (file === undefined) missing();
  else {
    createReadStream(fileURLToPath(file))
      .once("open", () => response.writeHead(200, { "content-type": types[extname(file.pathname)] }))
      .once("error", missing)
      .pipe(response);
  }
});
await new Promise((resolve) => server.listen(Number(process.argv[2] ?? 0), "127.0.0.1", resolve));
const { port } = server.address();

// ---------------------------------------------------------------- the stream

const stream = await createStream({
  name: "cam1",
  frame,
  listen: ["ws://127.0.0.1:0"],
  origins: [`http://127.0.0.1:${port}`, `http://localhost:${port}`], // the pages that may connect
});
streamAddress = stream.addresses[0];
const producer = await stream.connectProducer();
console.log(`stream ${streamAddress}`);
console.log(`open http://127.0.0.1:${port}/`);

const frameMs = 1000 / framesPerSecond;
let due = performance.now();
for (let number = 0; !stop.signal.aborted; number++) {
  const slot = await producer.acquire();
  draw(slot.planes, number);
  // A fifo consumer may hold this up: the picture then is as slow as its slowest reader.
  await producer.post(slot, { pts: BigInt(Math.round(number * frameMs * 1e6)), signal: stop.signal }).catch((error) => {
    if (error.reason !== "aborted") throw error;
  });
  due = Math.max(due + frameMs, performance.now() - frameMs); // what was lost is not made up for
  await delay(Math.max(0, due - performance.now()), undefined, { signal: stop.signal }).catch(() => {});
}

stream.stop();
await stream.close();
server.close();
server.closeAllConnections();
