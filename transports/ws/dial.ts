/** Opens a WebSocket to somebody who listens. */
import { WebSocket } from "ws";
import { StreamError } from "../../sdk/base/errors.ts";
import { type HostPort, showHostPort } from "../remote/address.ts";
import type { Link } from "../remote/link.ts";
import type { DialOptions } from "../remote/network-options.ts";
import { wireLimits } from "../wire/index.ts";
import { WsLink } from "./ws-link.ts";

/** The largest message that a sender of ours makes. */
export const maxPayload = wireLimits.chunkBytesMax + wireLimits.controlBytesMax;
export const subprotocol = "edgestream";

/** @throws StreamError ERR_NOT_FOUND: nobody answers; ERR_BAD_ACCESS: TLS, or the listener, says no; ERR_ABORTED */
export function dialWs(place: HostPort, options: DialOptions, signal: AbortSignal | undefined): Promise<Link> {
  const { ca, cert, key, servername } = options.tls ?? {};
  const given = Object.entries({ ca, cert, key, servername }).filter(([, value]) => value !== undefined);
  const where = showHostPort(place);
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(where, subprotocol, {
      perMessageDeflate: false,
      maxPayload,
      handshakeTimeout: options.connectTimeoutMs,
      ...(place.carrier === "wss" ? { minVersion: "TLSv1.2" as const } : {}),
      ...Object.fromEntries(given),
    });
    const settle = (error?: StreamError) => {
      signal?.removeEventListener("abort", onAbort);
      socket.removeListener("error", onError);
      if (error === undefined) return;
      socket.on("error", () => {});
      socket.terminate();
      reject(error);
    };
    const onError = (error: NodeJS.ErrnoException) => {
      const says = /Unexpected server response: (\d+)/.exec(error.message)?.[1];
      const tls = /certificate|TLS|SSL/i.test(`${error.code} ${error.message}`);
      const code = says === "401" || says === "403" || tls ? "ERR_BAD_ACCESS" : "ERR_NOT_FOUND";
      settle(new StreamError(code, `${where}: ${error.message || error.code}`, { cause: error }));
    };
    const onAbort = () => settle(new StreamError("ERR_ABORTED", "connecting: aborted", { reason: "aborted" }));
    signal?.addEventListener("abort", onAbort, { once: true });
    socket.once("error", onError);
    socket.once("upgrade", ({ socket: carrier }) => {
      carrier.setNoDelay(true);
      carrier.unref(); // who waits for something keeps the process alive
    });
    socket.once("open", () => {
      socket.pause();
      settle();
      resolve(new WsLink(place.carrier, `${place.host}:${place.port}`, socket));
    });
    if (signal?.aborted) onAbort();
  });
}
