/** The limits that a container or a service runs under, with control groups of version 1 and 2. */
import { posix } from "node:path";
import type { Machine } from "./machine.ts";
import { type Mount, parseMountInfo } from "./proc-files.ts";

type Controller = "memory" | "cpu";

export interface Group {
  version: 1 | 2;
  /** Path of this process's group, as seen from the hierarchy's root. */
  path: string;
}

/** /proc/self/cgroup: the groups that can limit this. */
export function parseGroups(text: string, controller: Controller): Group[] {
  return text.split("\n").flatMap((line): Group[] => {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (path === undefined || controllers === undefined) return [];
    if (controllers === "") return [{ version: 2, path }];
    return controllers.split(",").includes(controller) ? [{ version: 1, path }] : [];
  });
}

/** The group's folder and all above it, up to where the hierarchy is mounted. */
export function foldersOf(group: Group, mounts: readonly Mount[], controller: Controller): string[] {
  const mount = mounts.findLast(({ type, options }) =>
    group.version === 2 ? type === "cgroup2" : type === "cgroup" && options.includes(controller),
  );
  if (mount === undefined) return [];
  // A container may see the whole host's path, with a mount that begins at its own group.
  const inMount = mount.root !== "/" && `${group.path}/`.startsWith(`${mount.root}/`);
  const path = posix.normalize(`/${inMount ? group.path.slice(mount.root.length) : group.path}`);
  const folders: string[] = [];
  for (let below = path; ; below = posix.dirname(below)) {
    folders.push(below === "/" ? mount.point : mount.point + below.replace(/\/$/, ""));
    if (below === "/") return folders;
  }
}

function allFolders(machine: Machine, controller: Controller): { version: 1 | 2; folder: string }[] {
  const mounts = parseMountInfo(machine.read("/proc/self/mountinfo") ?? "");
  return parseGroups(machine.read("/proc/self/cgroup") ?? "", controller).flatMap((group) =>
    foldersOf(group, mounts, controller).map((folder) => ({ version: group.version, folder })),
  );
}

export interface MemoryLimit {
  /** The file that holds the limit. */
  file: string;
  limitBytes: number;
  usedBytes: number;
  /** The limit less what is used, file cache that the kernel can drop not counted as used. */
  freeBytes: number;
}

const memoryFiles = {
  1: { limit: "memory.limit_in_bytes", used: "memory.usage_in_bytes", cache: "total_inactive_file" },
  2: { limit: "memory.max", used: "memory.current", cache: "inactive_file" },
} as const;

/** Version 1 says "no limit" as the largest number of pages. */
const noLimitBytes = 2 ** 62;

/** The tightest memory limit of this process's group and of all groups around it; undefined when there is none. */
export function memoryLimit(machine: Machine): MemoryLimit | undefined {
  const limits = allFolders(machine, "memory").flatMap(({ version, folder }): MemoryLimit[] => {
    const names = memoryFiles[version];
    const number = (name: string) => Number(machine.read(posix.join(folder, name))?.trim() || Number.NaN);
    const limitBytes = number(names.limit);
    const usedBytes = number(names.used);
    if (!(limitBytes < noLimitBytes) || Number.isNaN(usedBytes)) return [];
    const stat = machine.read(posix.join(folder, "memory.stat")) ?? "";
    const cacheBytes = Number(new RegExp(`^${names.cache} (\\d+)$`, "m").exec(stat)?.[1] ?? 0);
    const freeBytes = Math.max(0, limitBytes - usedBytes + cacheBytes);
    return [{ file: posix.join(folder, names.limit), limitBytes, usedBytes, freeBytes }];
  });
  return limits.sort((one, other) => one.freeBytes - other.freeBytes)[0];
}

/** How many processors' time the group may use; undefined when nothing limits it. */
export function cpuQuota(machine: Machine): number | undefined {
  const quotas = allFolders(machine, "cpu").flatMap(({ version, folder }) => {
    const read = (name: string) => machine.read(posix.join(folder, name))?.trim() ?? "";
    const second = version === 2 ? read("cpu.max").split(" ") : [];
    const quota = Number(version === 2 ? second[0] : read("cpu.cfs_quota_us"));
    const period = Number(version === 2 ? second[1] : read("cpu.cfs_period_us"));
    // "max" and -1 are no limit.
    return quota > 0 && period > 0 ? [quota / period] : [];
  });
  return quotas.length === 0 ? undefined : Math.min(...quotas);
}
