/** Addresses of streams as a page knows them: `ws://192.0.2.7:8890/cam1`. */
import { StreamError } from "../base/errors.ts";

export interface PageAddress {
  /** For the WebSocket. */
  url: string;
  stream: string;
}

function bad(hint: string): StreamError {
  return new StreamError("ERR_BAD_PARAMETER", `address: ${hint}`); // never shown: it may have a secret in it
}

/**
 * The stream's name is the last part of the path; a proxy may have put others in front.
 * @throws StreamError ERR_BAD_PARAMETER
 */
export function parsePageAddress(address: string): PageAddress {
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    throw bad("expected ws://host:port/name or wss://host:port/name");
  }
  if (url.protocol !== "ws:" && url.protocol !== "wss:") throw bad(`expected ws:// or wss://, got ${url.protocol}//`);
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    throw bad('expected nothing but host, port and path; a token is given as option "token", so that no log shows it');
  }
  const stream = url.pathname.slice(url.pathname.lastIndexOf("/") + 1);
  if (!/^[A-Za-z0-9_-]{1,63}$/.test(stream)) {
    throw bad("expected a stream's name behind the host, 1 to 63 of A-Z a-z 0-9 _ -, as in ws://host:8890/cam1");
  }
  return { url: url.href, stream };
}
