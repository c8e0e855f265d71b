/** Listens for WebSockets. */
import { createServer, type IncomingMessage, STATUS_CODES } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { WebSocketServer } from "ws";
import type { HostPort } from "../remote/address.ts";
import type { Link } from "../remote/link.ts";
import type { Listening, ListenOptions } from "../remote/network-options.ts";
import { receptionDefaults } from "../remote/reception.ts";
import { whenListening } from "../tcp/listen.ts";
import { isTrusted, makeTlsServer } from "../tcp/server-tls.ts";
import { maxPayload, subprotocol } from "./dial.ts";
import { WsLink } from "./ws-link.ts";

/** A request must be there after so long, ms, and it is looked at as often. */
const requestMs = 5000;
const patience = { headersTimeout: requestMs, requestTimeout: requestMs, connectionsCheckingInterval: requestMs };

/** @throws StreamError as listenTcp */
export async function listenWs(
  place: HostPort,
  options: ListenOptions,
  accept: (link: Link) => void,
): Promise<Listening> {
  const secure = place.carrier === "wss";
  const server = secure
    ? makeTlsServer(options, (identity) => createTlsServer({ ...identity, ...patience }))
    : createServer(patience);
  server.maxConnections = receptionDefaults.maxConnections; // those that never get as far as a link included
  server.on("connection", (socket) => socket.unref());
  const sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload,
    handleProtocols: (offered) => (offered.has(subprotocol) ? subprotocol : false),
  });
  server.on("request", (_request, response) => {
    response.writeHead(426, { "content-type": "text/plain", connection: "close" });
    response.end("This port speaks edgestream over WebSocket.\n");
  });
  server.on("upgrade", (request, socket, head) => {
    if (secure && !isTrusted(options, request.socket as TLSSocket)) return turnAway(socket, 401);
    if (!mayCome(request, options.origins)) return turnAway(socket, 403);
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      request.socket.setNoDelay(true);
      request.socket.unref();
      webSocket.pause();
      const { remoteAddress = "?", remotePort = 0 } = request.socket;
      accept(new WsLink(place.carrier, `${remoteAddress}:${remotePort}`, webSocket));
    });
  });
  await whenListening(server, place);
  server.unref();
  const close = () => {
    server.close();
    server.closeAllConnections(); // those of WebSockets are no longer the server's
  };
  return { port: (server.address() as AddressInfo).port, close };
}

/** A browser says whose page asks; other programs need not. */
function mayCome({ headers }: IncomingMessage, origins: readonly string[] | undefined): boolean {
  const { origin, host } = headers;
  if (origin === undefined) return true;
  if (origins !== undefined) return origins.includes("*") || origins.includes(origin);
  try {
    return new URL(origin).host === host;
  } catch {
    return false;
  }
}

function turnAway(socket: Duplex, status: number): void {
  socket.on("error", () => {}); // the server does not listen for it any more
  socket.once("finish", () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
