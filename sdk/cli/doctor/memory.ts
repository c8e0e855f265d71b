/** Room for the pools of streams: memory of the machine, of the control group, and what overcommit allows. */
import { formatBytes, poolBytes } from "./bytes.ts";
import { memoryLimit } from "./cgroup.ts";
import { type Check, fail, ok, skip, warn } from "./check.ts";
import type { Context } from "./context.ts";
import type { Machine, Space } from "./machine.ts";
import { meminfoBytes } from "./proc-files.ts";

const pools = `8 slots NV12: ${formatBytes(poolBytes.fullHd)} at 1080p, ${formatBytes(poolBytes.uhd)} at 4K`;

export function checkMemory({ machine }: Context): Check[] {
  return [checkFreeMemory(machine), checkGroupMemory(machine), checkOvercommit(machine), checkDevShm(machine)];
}

/** Shared memory is memory: pools are allocated whole, and cannot be dropped like file cache. */
function room(id: string, freeBytes: number, finding: string, advice: string): Check {
  if (freeBytes < poolBytes.fullHd) return fail(id, `${finding}: too little for a pool (${pools})`, advice);
  if (freeBytes < poolBytes.uhd) return warn(id, `${finding}: not enough for every pool (${pools})`, advice);
  return ok(id, `${finding} (a pool of ${pools})`);
}

export function checkFreeMemory(machine: Machine): Check {
  const id = "memory.free";
  const text = machine.read("/proc/meminfo") ?? "";
  const free = meminfoBytes(text, "MemAvailable");
  const total = meminfoBytes(text, "MemTotal");
  if (free === undefined || total === undefined) return skip(id, "/proc/meminfo cannot be read");
  const finding = `${formatBytes(free)} of ${formatBytes(total)} are available`;
  return room(id, free, finding, "end what uses the memory (ps aux --sort=-rss | head), or use smaller frames");
}

export function checkGroupMemory(machine: Machine): Check {
  const id = "memory.cgroup";
  const limit = memoryLimit(machine);
  if (machine.read("/proc/self/cgroup") === undefined) return skip(id, "/proc/self/cgroup cannot be read");
  if (limit === undefined) return skip(id, "no memory limit of a control group");
  const { file, limitBytes, usedBytes, freeBytes } = limit;
  const finding =
    `${formatBytes(freeBytes)} are free under the limit of ${formatBytes(limitBytes)} ` +
    `(${formatBytes(usedBytes)} used, ${file}); pools count here`;
  const wanted = Math.ceil((usedBytes + 2 * poolBytes.uhd) / 2 ** 20);
  return room(
    id,
    freeBytes,
    finding,
    `raise the limit: docker update --memory ${wanted}m --memory-swap -1 <container>, ` +
      `systemd: MemoryMax=${wanted}M, or echo ${wanted}M > ${file}`,
  );
}

/** With strict accounting every page of shared memory is promised in advance. */
export function checkOvercommit(machine: Machine): Check {
  const id = "memory.overcommit";
  const mode = machine.read("/proc/sys/vm/overcommit_memory")?.trim();
  if (mode === undefined) return skip(id, "/proc/sys/vm/overcommit_memory cannot be read");
  if (mode !== "2") return ok(id, `vm.overcommit_memory is ${mode}: shared memory is limited by memory alone`);
  const text = machine.read("/proc/meminfo") ?? "";
  const free = (meminfoBytes(text, "CommitLimit") ?? 0) - (meminfoBytes(text, "Committed_AS") ?? 0);
  const finding = `vm.overcommit_memory is 2, ${formatBytes(Math.max(0, free))} may still be promised`;
  return room(id, free, finding, "sudo sysctl vm.overcommit_memory=0, or a larger vm.overcommit_ratio");
}

/** Less than docker's 64 MiB is a number that somebody chose; nearly nothing free is trouble for those who need it. */
const shmFreeLeastBytes = 4 * 2 ** 20;
const notNeeded =
  "edgestream does not use it; others on the machine do, such as CUDA's legacy IPC and POSIX shared memory";

export function checkDevShm(machine: Machine): Check {
  const id = "memory.shm";
  const space: Space | undefined = machine.space("/dev/shm");
  if (space === undefined) {
    return warn(
      id,
      `/dev/shm is not there (${notNeeded})`,
      "sudo mkdir -p /dev/shm && sudo mount -t tmpfs -o mode=1777 tmpfs /dev/shm",
    );
  }
  const finding = `/dev/shm: ${formatBytes(space.freeBytes)} of ${formatBytes(space.totalBytes)} are free`;
  if (space.freeBytes >= Math.min(shmFreeLeastBytes, space.totalBytes / 2)) return ok(id, `${finding} (${notNeeded})`);
  return warn(
    id,
    `${finding}: full (${notNeeded})`,
    "rm what no program uses any more (ls -lS /dev/shm | head), or more room: docker run --shm-size 1g",
  );
}
