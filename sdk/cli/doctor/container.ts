/** Whether this is a container, how it is fenced in, and whether another one can share the runtime directory. */
import { type Check, ok, skip, warn } from "./check.ts";
import type { Context } from "./context.ts";
import type { Machine } from "./machine.ts";
import { type Mount, parseFields, parseUidMap } from "./proc-files.ts";
import type { Look } from "./runtime-look.ts";

export function checkContainer({ machine }: Context, chosen: Look | undefined): Check[] {
  const kind = containerKind(machine);
  const fenced = ownNamespaces(machine);
  return [checkKind(kind, fenced), checkUsers(machine), checkSecurity(machine), checkShared(chosen, kind, fenced)];
}

/** The engine; undefined: no sign of one. */
export function containerKind(machine: Machine): string | undefined {
  if (machine.exists("/.dockerenv")) return "docker (/.dockerenv)";
  if (machine.exists("/run/.containerenv")) return "podman (/run/.containerenv)";
  const named = machine.env["container"];
  if (named) return `${named} ($container)`;
  const group = /docker|kubepods|containerd|libpod|lxc/.exec(machine.read("/proc/self/cgroup") ?? "")?.[0];
  return group === undefined ? undefined : `${group} (/proc/self/cgroup)`;
}

/** Inode numbers of the namespaces that the kernel starts with; they are part of its interface. */
const firstNamespaces: Record<string, string> = {
  user: "user:[4026531837]",
  pid: "pid:[4026531836]",
  ipc: "ipc:[4026531839]",
  uts: "uts:[4026531838]",
  cgroup: "cgroup:[4026531835]",
};

/** Kinds of namespaces in which this process does not see what the machine's first process sees. */
export function ownNamespaces(machine: Machine): string[] {
  return Object.entries(firstNamespaces).flatMap(([kind, first]) => {
    const here = machine.link(`/proc/self/ns/${kind}`);
    return here === undefined || here === first ? [] : [kind];
  });
}

function checkKind(kind: string | undefined, fenced: readonly string[]): Check {
  const id = "container.kind";
  const own = fenced.length === 0 ? "" : `namespaces of its own: ${fenced.join(", ")}`;
  if (kind !== undefined) return ok(id, [`in a container: ${kind}`, own].filter(Boolean).join("; "));
  if (own !== "") return ok(id, `fenced in without a known container engine; ${own}`);
  return skip(id, "not in a container");
}

function checkUsers(machine: Machine): Check {
  const id = "container.users";
  const text = machine.read("/proc/self/uid_map");
  if (text === undefined) return skip(id, "/proc/self/uid_map cannot be read");
  const map = parseUidMap(text);
  if (map.length === 1 && map[0]?.inside === 0 && map[0].outside === 0 && map[0].count === 4_294_967_295) {
    return skip(id, "user ids are those of the machine");
  }
  const ranges = map.map(({ inside, outside, count }) => `${span(inside, count)} is ${span(outside, count)} outside`);
  const mapped = ranges.length === 0 ? "no user id is mapped" : ranges.join(", ");
  return ok(id, `user namespace: ${mapped}; who may connect is decided by the ids outside and socketMode`);
}

function span(first: number, count: number): string {
  return count === 1 ? `uid ${first}` : `uid ${first}-${first + count - 1}`;
}

const seccompModes: Record<string, string> = { "0": "off", "1": "strict", "2": "a filter" };

function checkSecurity(machine: Machine): Check {
  const id = "container.security";
  const text = machine.read("/proc/self/status");
  if (text === undefined) return skip(id, "/proc/self/status cannot be read");
  const fields = parseFields(text);
  const seccomp = seccompModes[fields.get("Seccomp") ?? ""] ?? "unknown";
  const noNewPrivileges = fields.get("NoNewPrivs") === "1" ? "set" : "not set";
  return ok(
    id,
    `seccomp: ${seccomp}; no_new_privs: ${noNewPrivileges}; edgestream needs no privilege (see kernel for what works)`,
  );
}

const share =
  "mount one directory into both and name it: docker run -v edgestream:/run/edgestream " +
  "-e EDGESTREAM_RUNTIME_DIR=/run/edgestream (socketMode 0o666 for another user)";

/** Two containers meet in a directory that is mounted into both. */
function checkShared(chosen: Look | undefined, kind: string | undefined, fenced: readonly string[]): Check {
  const id = "container.shared";
  if (kind === undefined && fenced.length === 0) return skip(id, "not in a container: nothing to share with one");
  if (chosen === undefined) return skip(id, "there is no runtime directory; see runtime.create");
  const { mount, place } = chosen;
  if (mount === undefined) return skip(id, `the mount of ${place.path} cannot be read`);
  const where = `${mount.type} mounted at ${mount.point}`;
  if (isPrivate(mount, kind !== undefined)) {
    return warn(id, `${place.path} lies in the container's own files (${where}): no other can reach it`, share);
  }
  return ok(id, `${place.path} lies on ${where}, which other containers can have too`);
}

/** The container's layers, and a tmpfs that was made for it alone. */
function isPrivate({ type, point }: Mount, engine: boolean): boolean {
  if (point === "/") return engine || type === "overlay";
  return type === "overlay" || (type === "tmpfs" && ["/tmp", "/run", "/dev/shm"].includes(point));
}
