/** Opens a TCP or TLS connection to somebody who listens. */
import { connect, type NetConnectOpts, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { StreamError } from "../../sdk/base/errors.ts";
import type { HostPort } from "../remote/address.ts";
import { showHostPort } from "../remote/address.ts";
import type { Link } from "../remote/link.ts";
import type { DialOptions } from "../remote/network-options.ts";
import { ReadTarget, SocketLink } from "./socket-link.ts";

/** @throws StreamError ERR_NOT_FOUND: nobody answers; ERR_BAD_ACCESS: TLS says no; ERR_ABORTED */
export function dialTcp(place: HostPort, options: DialOptions, signal: AbortSignal | undefined): Promise<Link> {
  return place.carrier === "tls" ? dialTls(place, options, signal) : dialPlain(place, options, signal);
}

async function dialPlain(place: HostPort, options: DialOptions, signal: AbortSignal | undefined): Promise<Link> {
  const target = new ReadTarget();
  const { host, port } = place;
  const socket = connect({ host, port, onread: target } as NetConnectOpts);
  socket.pause();
  await whenOpen(socket, "connect", place, options.connectTimeoutMs, signal);
  return new SocketLink("tcp", socket, target);
}

async function dialTls(place: HostPort, options: DialOptions, signal: AbortSignal | undefined): Promise<Link> {
  const { host, port } = place;
  const { ca, cert, key, servername } = options.tls ?? {};
  const given = Object.fromEntries(
    Object.entries({ ca, cert, key, servername }).filter(([, value]) => value !== undefined),
  );
  const socket = connectTls({ host, port, minVersion: "TLSv1.2", ...given });
  await whenOpen(socket, "secureConnect", place, options.connectTimeoutMs, signal);
  return new SocketLink("tls", socket, undefined);
}

/** Errors of a connection that another address, or another moment, may cure. */
const absent = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOTFOUND",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ETIMEDOUT",
  "EAI_AGAIN",
]);

function whenOpen(
  socket: Socket,
  event: string,
  place: HostPort,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const where = showHostPort(place);
  return new Promise<void>((resolve, reject) => {
    const settle = (error?: StreamError) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      socket.removeListener("error", onError);
      if (error === undefined) {
        resolve();
        return;
      }
      socket.on("error", () => {});
      socket.destroy();
      reject(error);
    };
    const onError = (error: NodeJS.ErrnoException) => {
      const code = absent.has(error.code ?? "")
        ? "ERR_NOT_FOUND"
        : place.carrier === "tls"
          ? "ERR_BAD_ACCESS"
          : "ERR_SYSTEM";
      settle(new StreamError(code, `${where}: ${error.message || error.code}`, { cause: error }));
    };
    const onAbort = () => settle(new StreamError("ERR_ABORTED", "connecting: aborted", { reason: "aborted" }));
    const onTimeout = () => settle(new StreamError("ERR_NOT_FOUND", `${where}: no answer within ${timeoutMs} ms`));
    const timer = setTimeout(onTimeout, timeoutMs);
    if (signal?.aborted) onAbort();
    signal?.addEventListener("abort", onAbort, { once: true });
    socket.once("error", onError);
    socket.once(event, () => settle());
  });
}
