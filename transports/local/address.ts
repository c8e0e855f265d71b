/** Where a stream is: what an application writes, taken apart. */
import { checkStreamName } from "../../sdk/base/config.ts";
import { StreamError } from "../../sdk/base/errors.ts";

export interface LocalAddress {
  /** What the socket in the runtime directory is called, without its ending. */
  name: string;
}

/** `cam1` and `ipc:cam1` are the same; any other scheme is a transport that this version does not have. */
export function parseLocalAddress(address: unknown): LocalAddress {
  if (typeof address !== "string") return { name: checkStreamName(address) };
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(address)?.[1];
  if (scheme === undefined) return { name: checkStreamName(address) };
  if (scheme === "ipc") return { name: checkStreamName(address.slice("ipc:".length)) };
  const hint = 'expected a name such as "cam1" or "ipc:cam1"; other transports are not built into this version';
  throw new StreamError("ERR_BAD_PARAMETER", `address ${JSON.stringify(address)}: ${hint}`);
}
