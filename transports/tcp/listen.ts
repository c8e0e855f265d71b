/** Listens for TCP or TLS connections. */
import { createServer, type Server, Socket, type SocketConstructorOpts } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { StreamError } from "../../sdk/base/errors.ts";
import { type HostPort, showHostPort } from "../remote/address.ts";
import { turnAway } from "../remote/hand-shake.ts";
import type { NativeHost } from "../remote/host.ts";
import type { Link } from "../remote/link.ts";
import type { Listening, ListenOptions } from "../remote/network-options.ts";
import { receptionDefaults } from "../remote/reception.ts";
import { isTrusted, makeTlsServer } from "./server-tls.ts";
import { ReadTarget, SocketLink } from "./socket-link.ts";

/** Connections that the kernel keeps until they are accepted. */
const backlog = 511;

/**
 * @throws StreamError ERR_RESOURCE_BUSY: the port is taken; ERR_BAD_ACCESS: this user may not have it;
 *   ERR_BAD_PARAMETER: no such address, or a certificate that cannot be used; ERR_SYSTEM
 */
export async function listenTcp(
  host: NativeHost,
  place: HostPort,
  options: ListenOptions,
  accept: (link: Link) => void,
): Promise<Listening> {
  const server = place.carrier === "tls" ? tlsServer(options, accept) : plainServer(host, accept);
  await whenListening(server, place);
  server.unref(); // the stream keeps the process alive
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : place.port;
  return { port, close: () => server.close() };
}

function plainServer(host: NativeHost, accept: (link: Link) => void): Server {
  const server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => {
    try {
      accept(directly(host, socket));
    } catch {
      socket.destroy(); // no descriptor is left
    }
  });
  server.maxConnections = receptionDefaults.maxConnections;
  return server;
}

/**
 * A server's socket reads into memory of Node's. One made from a descriptor can read straight into a slot, so the
 * connection gets a second descriptor, and the server's is closed.
 */
function directly(host: NativeHost, socket: Socket): Link {
  const { fd } = (socket as unknown as { _handle?: { fd?: number } })._handle ?? {};
  if (fd === undefined || fd < 0) return new SocketLink("tcp", socket, undefined);
  const target = new ReadTarget();
  let own: number;
  try {
    own = host.binding.duplicateFd(fd);
  } catch {
    return new SocketLink("tcp", socket, undefined); // no descriptor is left: it does with the one it has
  }
  try {
    const options = { fd: own, readable: true, writable: true, onread: target, pauseOnCreate: true };
    const link = new SocketLink("tcp", new Socket(options as SocketConstructorOpts), target);
    socket.destroy();
    return link;
  } catch (error) {
    host.binding.closeFd(own);
    throw error;
  }
}

function tlsServer(options: ListenOptions, accept: (link: Link) => void): Server {
  const server = makeTlsServer(options, (identity) => createTlsServer({ ...identity, noDelay: true }));
  server.maxConnections = receptionDefaults.maxConnections; // those that never get as far as a link included
  server.on("connection", (socket) => socket.unref());
  server.on("secureConnection", (socket) => {
    socket.pause();
    const link = new SocketLink("tls", socket, undefined);
    if (isTrusted(options, socket)) accept(link);
    else turnAway(link, "ERR_BAD_ACCESS", "a certificate is needed that this side trusts");
  });
  return server;
}

export function whenListening(server: Server, place: HostPort): Promise<void> {
  const codes: Record<string, "ERR_RESOURCE_BUSY" | "ERR_BAD_ACCESS" | "ERR_BAD_PARAMETER"> = {
    EADDRINUSE: "ERR_RESOURCE_BUSY",
    EACCES: "ERR_BAD_ACCESS",
    EADDRNOTAVAIL: "ERR_BAD_PARAMETER",
    ENOTFOUND: "ERR_BAD_PARAMETER",
  };
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const code = codes[error.code ?? ""] ?? "ERR_SYSTEM";
      reject(new StreamError(code, `listen on ${showHostPort(place)}: ${error.message}`, { cause: error }));
    });
    server.listen({ host: place.host, port: place.port, backlog, ipv6Only: false }, () => {
      server.removeAllListeners("error");
      server.on("error", () => {}); // of one connection; the others go on
      resolve();
    });
  });
}
