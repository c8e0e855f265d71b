/** What the checks may ask of this machine. An interface, so that a test can be another machine. */
import { accessSync, constants, existsSync, readdirSync, readFileSync, readlinkSync, statfsSync } from "node:fs";
import { release } from "node:os";
import { parseUidMap } from "./proc-files.ts";
import { type Ran, runProgram } from "./run-program.ts";

export interface Space {
  totalBytes: number;
  freeBytes: number;
}

export interface Machine {
  readonly env: NodeJS.ProcessEnv;
  readonly platform: string;
  readonly arch: string;
  readonly nodeVersion: string;
  readonly kernelRelease: string;
  /** Effective user and group, and all groups. */
  readonly uid: number;
  readonly groups: readonly number[];
  /** Text of a file of /proc, /sys, /etc or /dev; undefined when it cannot be read. */
  read(path: string): string | undefined;
  /** Names in a directory; none when it cannot be read. */
  list(path: string): string[];
  /** Target of a symbolic link. */
  link(path: string): string | undefined;
  exists(path: string): boolean;
  mayReadAndWrite(path: string): boolean;
  /** Of the file system that holds the path. */
  space(path: string): Space | undefined;
  run(program: string, args: readonly string[], limitMs: number): Promise<Ran>;
}

export function thisMachine(): Machine {
  return {
    env: process.env,
    platform: process.platform,
    arch: process.arch,
    nodeVersion: process.versions.node,
    kernelRelease: release(),
    uid: process.geteuid?.() ?? -1,
    groups: [...new Set([process.getegid?.() ?? -1, ...(process.getgroups?.() ?? [])])],
    read: (path) => attempt(() => readFileSync(path, "utf8")),
    list: (path) => attempt(() => readdirSync(path).sort()) ?? [],
    link: (path) => attempt(() => readlinkSync(path)),
    exists: existsSync,
    mayReadAndWrite: (path) => attempt(() => accessSync(path, constants.R_OK | constants.W_OK) ?? true) ?? false,
    space: (path) =>
      attempt(() => {
        const { blocks, bavail, bsize } = statfsSync(path);
        return { totalBytes: blocks * bsize, freeBytes: bavail * bsize };
      }),
    run: (program, args, limitMs) => runProgram(program, args, { limitMs }),
  };
}

/** Whatever cannot be read is a fact like another: not there, not ours, not on this kernel. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

/** What the kernel shows for a user that has no number in this user namespace. */
const unmappedUid = 65_534;

/** `jetson (uid 1000)`, or the number alone. */
export function userName(machine: Machine, uid: number): string {
  const map = parseUidMap(machine.read("/proc/self/uid_map") ?? "");
  const mapped = map.some(({ inside, count }) => uid >= inside && uid < inside + count);
  if (uid === unmappedUid && !mapped) return "a user from outside this container";
  const lines = machine.read("/etc/passwd")?.split("\n") ?? [];
  const name = lines.find((line) => line.split(":")[2] === String(uid))?.split(":")[0];
  return name === undefined ? `uid ${uid}` : `${name} (uid ${uid})`;
}

export function groupName(machine: Machine, gid: number): string {
  const lines = machine.read("/etc/group")?.split("\n") ?? [];
  return lines.find((line) => line.split(":")[2] === String(gid))?.split(":")[0] ?? `gid ${gid}`;
}
