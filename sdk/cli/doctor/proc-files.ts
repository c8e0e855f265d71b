/** Parsers of what the kernel and the system say about themselves in text files. */

/** KEY=value lines, quotes removed: /etc/os-release. */
export function parseOsRelease(text: string): Record<string, string> {
  const values: Record<string, string> = {};
  for (const line of text.split("\n")) {
    const match = /^([A-Z_][A-Z0-9_]*)=(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|(\S*))\s*$/.exec(line);
    const key = match?.[1];
    if (key !== undefined) values[key] = (match?.[2] ?? match?.[3] ?? match?.[4] ?? "").replace(/\\(.)/g, "$1");
  }
  return values;
}

export interface Limit {
  soft: number;
  hard: number;
}

/** /proc/<pid>/limits by their names, such as "Max open files". Infinity is unlimited. */
export function parseLimits(text: string): Map<string, Limit> {
  const limits = new Map<string, Limit>();
  for (const line of text.split("\n").slice(1)) {
    const match = /^(\S.*?\S)\s{2,}(unlimited|\d+)\s+(unlimited|\d+)/.exec(line);
    const [, name, soft, hard] = match ?? [];
    if (name !== undefined) limits.set(name, { soft: limitValue(soft), hard: limitValue(hard) });
  }
  return limits;
}

function limitValue(text: string | undefined): number {
  return text === "unlimited" ? Number.POSITIVE_INFINITY : Number(text);
}

/** `Key:   123 kB` lines in bytes, `Key: text` lines as they are: /proc/meminfo, /proc/self/status. */
export function parseFields(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of text.split("\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return fields;
}

/** A field of /proc/meminfo in bytes. */
export function meminfoBytes(text: string, field: string): number | undefined {
  const match = /^(\d+) kB$/.exec(parseFields(text).get(field) ?? "");
  return match === null ? undefined : Number(match[1]) * 1024;
}

export interface Mount {
  /** Where in its file system the mount begins. */
  root: string;
  point: string;
  type: string;
  source: string;
  /** Of the mount and of the file system together. */
  options: string[];
}

/** /proc/self/mountinfo, in its order: a later mount hides an earlier one at the same place. */
export function parseMountInfo(text: string): Mount[] {
  return text.split("\n").flatMap((line) => {
    const [before, after] = line.split(" - ");
    const [, , , root, point, options] = before?.split(" ") ?? [];
    const [type, source, superOptions] = after?.split(" ") ?? [];
    if (root === undefined || point === undefined || type === undefined) return [];
    const all = [...(options?.split(",") ?? []), ...(superOptions?.split(",") ?? [])];
    return [{ root: plainPath(root), point: plainPath(point), type, source: plainPath(source ?? ""), options: all }];
  });
}

/** Spaces, tabs, newlines and backslashes are octal in mountinfo. */
function plainPath(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_all, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** The mount that holds a path, which must be absolute and without links. */
export function mountOf(mounts: readonly Mount[], path: string): Mount | undefined {
  let best: Mount | undefined;
  for (const mount of mounts) {
    const holds = mount.point === "/" || path === mount.point || path.startsWith(`${mount.point}/`);
    if (holds && mount.point.length >= (best?.point.length ?? 0)) best = mount;
  }
  return best;
}

export interface UidRange {
  inside: number;
  outside: number;
  count: number;
}

/** /proc/self/uid_map. */
export function parseUidMap(text: string): UidRange[] {
  return text.split("\n").flatMap((line) => {
    const [inside, outside, count] = line.trim().split(/\s+/).map(Number);
    if (inside === undefined || outside === undefined || count === undefined) return [];
    return [{ inside, outside, count }];
  });
}

/** Numbers of a dotted version at the start of a text: "6.1.0-18-amd64" is [6, 1, 0]. */
export function parseVersion(text: string): number[] {
  return (/\d+(?:\.\d+)*/.exec(text)?.[0] ?? "").split(".").filter(Boolean).map(Number);
}

export function isAtLeast(version: readonly number[], wanted: readonly number[]): boolean {
  for (const [index, want] of wanted.entries()) {
    const have = version[index] ?? 0;
    if (have !== want) return have > want;
  }
  return true;
}
