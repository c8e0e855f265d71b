/** Certificates of the tests' own, made by openssl once per file: an authority, a listener of 127.0.0.1, a peer. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Identity {
  cert: string;
  key: string;
}

export interface Certificates {
  authority: string;
  listener: Identity;
  peer: Identity;
}

function openssl(folder: string, ...args: string[]): void {
  execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
}

const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];

function identity(folder: string, name: string, subject: string, alternative: string): Identity {
  const request = ["-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${subject}`];
  openssl(folder, "req", ...newKey, ...request);
  writeFileSync(join(folder, `${name}.ext`), `subjectAltName=${alternative}\n`);
  const signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", `${name}.ext`];
  openssl(folder, "x509", "-req", "-in", `${name}.csr`, "-out", `${name}.pem`, ...signed);
  const read = (file: string) => readFileSync(join(folder, file), "utf8");
  return { cert: read(`${name}.pem`), key: read(`${name}.key`) };
}

export function makeCertificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), "edgestream-tls-"));
  try {
    const authority = ["-x509", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=edgestream tests"];
    openssl(folder, "req", ...newKey, ...authority);
    const listener = identity(folder, "listener", "listener", "IP:127.0.0.1,DNS:localhost");
    const peer = identity(folder, "peer", "peer", "DNS:peer");
    return { authority: readFileSync(join(folder, "ca.pem"), "utf8"), listener, peer };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

let made: Certificates | undefined;

/** Options of a listener, and of one who trusts it. */
export function tlsOptions(): { server: { tls: Identity }; client: { tls: { ca: string } } } {
  made ??= makeCertificates();
  return { server: { tls: made.listener }, client: { tls: { ca: made.authority } } };
}
