/** How the two ends of a run find each other: one creates the stream, the other opens it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createStream, openStream } from "edgestream";

/**
 * @param {object} task
 * @param {string} task.name
 * @param {object} task.mode
 * @param {string} [task.listen]  this end creates the stream and listens there
 * @param {string} [task.dial]  this end opens it, there
 * @param {string} [task.tlsFolder]  of cert.pem and key.pem
 * @param {object} [create]  what the creating end says besides
 */
export function createOrOpen({ name, mode, listen, dial, tlsFolder }, create = {}) {
  const pem = (file) => readFileSync(join(tlsFolder, file), "utf8");
  if (dial !== undefined) {
    return openStream(dial, { ...mode, ...(tlsFolder !== undefined && { tls: { ca: pem("cert.pem") } }) });
  }
  const tls = tlsFolder !== undefined && { tls: { cert: pem("cert.pem"), key: pem("key.pem") } };
  return createStream({ name, ...mode, ...create, ...(listen !== undefined && { listen: [listen], ...tls }) });
}
