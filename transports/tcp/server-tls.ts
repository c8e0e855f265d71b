/** What servers that speak TLS have in common, tls:// and wss:// ones. */
import type { TlsOptions as NodeTlsOptions, TLSSocket } from "node:tls";
import { StreamError } from "../../sdk/base/errors.ts";
import type { ListenOptions } from "../remote/network-options.ts";

/** TLS must be agreed on after so long, ms. */
const handshakeTimeout = 5000;

/** @throws StreamError ERR_BAD_PARAMETER: no certificate, or one that cannot be used */
export function makeTlsServer<Server>({ tls }: ListenOptions, make: (options: NodeTlsOptions) => Server): Server {
  const { cert, key, ca, requestCert = false } = tls ?? {};
  if (cert === undefined || key === undefined) {
    throw new StreamError("ERR_BAD_PARAMETER", 'listening with TLS needs option "tls" with "cert" and "key" (PEM)');
  }
  const trusted = ca === undefined ? {} : { ca };
  // Node would close the connection of a stranger without a word; we say why, see `isTrusted`.
  const mutual = { requestCert, rejectUnauthorized: false };
  try {
    return make({ cert, key, ...trusted, ...mutual, minVersion: "TLSv1.2", handshakeTimeout });
  } catch (error) {
    // OpenSSL's own words name no secret.
    throw new StreamError("ERR_BAD_PARAMETER", `option "tls": ${(error as Error).message}`);
  }
}

/** Whether the peer showed the certificate that is asked for. */
export function isTrusted({ tls }: ListenOptions, { authorized }: TLSSocket): boolean {
  return tls?.requestCert !== true || authorized;
}
