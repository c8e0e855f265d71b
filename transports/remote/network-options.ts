/** What the network transports need to know beyond an address. */
import type { TlsOptions } from "../../sdk/base/types.ts";

export interface DialOptions {
  connectTimeoutMs: number;
  tls: TlsOptions | undefined;
}

export interface ListenOptions {
  tls: TlsOptions | undefined;
  /** WebSocket: pages of these origins may connect; undefined: those of the listener's own host. */
  origins: readonly string[] | undefined;
}

export interface Listening {
  /** The port in the end. */
  readonly port: number;
  close(): void;
}
