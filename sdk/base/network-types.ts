/** Options of streams that leave the host. */
import type { FormatName, ModeName } from "./types.ts";

/** A right without a token is nobody's. Who may read or publish may also observe. */
export interface AccessTokens {
  /** Consumers. */
  read?: string | readonly string[];
  /** Producers. */
  publish?: string | readonly string[];
  /** Names, figures and states, no frames. */
  observe?: string | readonly string[];
}

/** PEM texts; TLS 1.2 or newer. */
export interface TlsOptions {
  cert?: string;
  key?: string;
  /** Whom to trust. @default the system's authorities */
  ca?: string;
  /** Listening: peers must show a certificate that `ca` vouches for. @default false */
  requestCert?: boolean;
  /** Dialling: the name in the certificate. @default the host */
  servername?: string;
}

/**
 * What one end of a connection over the network insists on. undefined: it does not care, and takes what the other end
 * says; two different values: the connection is `disconnected` at both ends, with the reason (EGL's rule).
 */
export interface NegotiatedAttributes {
  format?: FormatName;
  width?: number;
  height?: number;
  mode?: ModeName;
  fifoLength?: number;
  supportReset?: boolean;
  supportReuse?: boolean;
  producerMaxFrameHint?: number;
  consumerMaxFrameHint?: number;
}
