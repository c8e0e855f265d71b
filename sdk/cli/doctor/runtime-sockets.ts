/** Whether a directory can hold what a stream puts there: a lock, a socket, and a path that fits into an address. */
import { type Check, fail, ok, skip, warn } from "./check.ts";
import type { Place } from "./places.ts";
import type { Look } from "./runtime-look.ts";

/** sun_path without its zero. */
const socketPathMax = 107;
const nameMax = 63;
/** Names like "camera-1-left" should fit. */
const comfortableName = 16;

/** A directory where streams can be. */
function shortAndLocal(place: Place): string {
  const name = place.key === "option" ? "--runtime-dir /run/edgestream" : "EDGESTREAM_RUNTIME_DIR=/run/edgestream";
  return `${name} (made with: sudo install -d -m 1777 /run/edgestream)`;
}

export function checkPathLength({ place }: Look): Check[] {
  const id = `runtime.${place.key}.path`;
  const bytes = Buffer.byteLength(place.path);
  const room = socketPathMax - bytes - "/.sock".length;
  if (room >= nameMax) return [ok(id, `a path of ${bytes} bytes; every stream name fits`)];
  if (room >= comfortableName)
    return [ok(id, `a path of ${bytes} bytes; stream names of up to ${room} characters fit`)];
  const finding = `a path of ${bytes} bytes; a socket's path may have ${socketPathMax} with "/<name>.sock"`;
  if (room >= 1)
    return [
      warn(id, `${finding}, so names of up to ${room} characters fit`, `use a shorter one: ${shortAndLocal(place)}`),
    ];
  return [fail(id, `${finding}, so no stream name fits`, `use a shorter one: ${shortAndLocal(place)}`)];
}

/** File systems of other machines: the socket file is seen there, and nobody answers. */
const networkTypes = /^(nfs\d?|cifs|smb3?|9p|ceph|glusterfs|lustre|afs|fuse\.(sshfs|glusterfs|s3fs.*))$/;

export function checkSockets({ place, facts, probe, mount }: Look): Check[] {
  const id = `runtime.${place.key}.sockets`;
  if (probe === undefined || !facts?.mayWrite) return [];
  const type = mount?.type ?? "an unknown file system";
  const questions = ["lock", "socket"].map((name) => ({ name, answer: probe.answers.get(name) }));
  if (questions.some(({ answer }) => answer === undefined)) {
    return [skip(id, `not tried: ${probe.problem ?? "no answer"}`)];
  }
  const broken = questions.filter(({ answer }) => answer?.outcome !== "ok");
  // Then the path is the trouble, and has its own line.
  if (broken.every(({ answer }) => /file name too long/i.test(answer?.detail ?? "")) && broken.length > 0) {
    return [skip(id, "not tried: the path is too long")];
  }
  if (broken.length > 0) {
    const what = broken.map(({ name, answer }) => `${name}: ${answer?.detail}`).join("; ");
    return [fail(id, `${type} here does not do what streams need (${what})`, brokenAdvice(place, what))];
  }
  const finding = `locks exclude each other and sockets connect (tried on ${type})`;
  if (networkTypes.test(type))
    return [warn(id, `${finding}, but only within this machine`, `use a local one: ${shortAndLocal(place)}`)];
  return [ok(id, finding)];
}

function brokenAdvice(place: Place, what: string): string {
  if (/no space left|quota/i.test(what)) return "make room on it (df -h, df -i), or use another directory";
  return `use a directory on tmpfs or a local disk: ${shortAndLocal(place)}`;
}
