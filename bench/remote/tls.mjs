/** edgestream over TLS, with a certificate made for the run. */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { onPath, outputOf } from "../harness/tools.mjs";
import { stream } from "./sdk.mjs";

/** @returns the folder of cert.pem and key.pem */
function certificate({ runtimeDir }) {
  const folder = join(runtimeDir, "tls");
  const [cert, key] = ["cert.pem", "key.pem"].map((file) => join(folder, file));
  if (existsSync(cert)) return folder;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc", "-days", "2"];
  const about = ["-subj", "/CN=edgestream bench", "-addext", "subjectAltName=IP:127.0.0.1"];
  if (outputOf("openssl", "req", ...kind, ...about, "-keyout", key, "-out", cert) === undefined) {
    throw new Error("openssl made no certificate");
  }
  return folder;
}

export const tls = {
  name: "edgestream over TLS",
  packages: ["openssl"],
  lacks: () => (onPath("openssl") ? undefined : "no openssl to make a certificate"),
  measurements: {
    tlsOut: (setting) => stream(setting, "tls", { senderListens: true, tlsFolder: certificate(setting) }),
  },
};
