/** Addresses of streams of other hosts: `tcp://192.0.2.7:8888/cam1`. */
import { checkStreamName } from "../../sdk/base/config.ts";
import { StreamError } from "../../sdk/base/errors.ts";

export const carriers = ["tcp", "tls", "ws", "wss"] as const;
export type Carrier = (typeof carriers)[number];

export interface HostPort {
  carrier: Carrier;
  /** A name or an address; an IPv6 address without its brackets. */
  host: string;
  port: number;
}

export interface RemoteAddress extends HostPort {
  /** Of the stream. */
  name: string;
}

const scheme = /^(tcp|tls|wss?):\/\//i;

export const isRemoteAddress = (address: unknown): address is string =>
  typeof address === "string" && scheme.test(address);

function bad(address: string, hint: string): StreamError {
  return new StreamError("ERR_BAD_PARAMETER", `address ${JSON.stringify(shown(address))}: ${hint}`);
}

/** Without what might be a secret. */
const shown = (address: string) => address.replace(/\/\/[^/]*@/, "//…@").replace(/[?#].*$/, "?…");

function parse(address: string): { place: HostPort; path: string } {
  const example = "expected tcp://host:port/name, tls://…, ws://… or wss://…";
  let url: URL;
  try {
    // The schemes that URL knows have default ports, which it leaves out.
    url = new URL(address.replace(scheme, (_all, name: string) => `edgestream-${name}://`));
  } catch {
    throw bad(address, example);
  }
  const carrier = url.protocol.slice("edgestream-".length, -1).toLowerCase() as Carrier;
  if (url.username !== "" || url.password !== "") {
    throw bad(address, 'a token does not belong into an address, which is shown in logs; use option "token"');
  }
  if (url.search !== "" || url.hash !== "") throw bad(address, `${example}, and nothing behind the name`);
  if (url.port === "" || url.hostname === "") throw bad(address, `${example}; the port has no default`);
  const host = url.hostname.replace(/^\[|\]$/g, "");
  return { place: { carrier, host, port: Number(url.port) }, path: url.pathname.replace(/^\//, "") };
}

/** @throws StreamError ERR_BAD_PARAMETER */
export function parseRemoteAddress(address: string): RemoteAddress {
  const { place, path } = parse(address);
  if (path === "") throw bad(address, "the stream's name is missing, as in tcp://host:8888/cam1");
  return { ...place, name: checkStreamName(path) };
}

/** Where to listen, or whom to ask for a list: without a stream. Port 0: any free one. @throws as above */
export function parseHostPort(address: string): HostPort {
  if (!isRemoteAddress(address)) throw bad(address, "expected tcp://address:port, tls://…, ws://… or wss://…");
  const { place, path } = parse(address);
  if (path !== "") throw bad(address, "expected no name behind the port; a stream is listened for under its own name");
  return place;
}

export function showHostPort({ carrier, host, port }: HostPort): string {
  return `${carrier}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
