/** Processor time of running processes, from /proc. */
import { readdirSync, readFileSync } from "node:fs";

const ticksPerSecond = 100; // USER_HZ: the same on every Linux that Node runs on

const tasksOf = (pid) => readdirSync(`/proc/${pid}/task`);

/** Seconds of one thread so far, to the nanosecond. */
function readThread(pid, thread) {
  return Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]) / 1e9;
}

/** Seconds of a process so far, threads that have ended included, and of its children that it has waited for. */
function readProcess(pid) {
  // The name, in parentheses, may hold anything; what follows the last ") " does not.
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").pop().split(" ").map(Number);
  const [user, system, childUser, childSystem] = fields.slice(11, 15).map((ticks) => ticks / ticksPerSecond);
  return { total: user + system, endedChildren: childUser + childSystem };
}

function childrenOf(pid) {
  const lists = tasksOf(pid).map((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8"));
  return lists.flatMap((list) => list.split(" ").filter((each) => each !== ""));
}

/**
 * Of a Node process: `mainThread` runs JavaScript, the rest of `total` are V8's and libuv's threads, which live as long
 * as the process. `children`: what the programs that it starts have used, those that have ended included.
 */
export function readCpu(pid) {
  const running = childrenOf(pid).reduce((sum, child) => sum + readProcess(child).total, 0);
  return {
    total: tasksOf(pid).reduce((sum, thread) => sum + readThread(pid, thread), 0),
    mainThread: readThread(pid, pid),
    children: readProcess(pid).endedChildren + running,
  };
}

/** Seconds that all processors together were busy since boot; what a hypervisor took away counts as busy. */
export function readMachineBusy() {
  const fields = readFileSync("/proc/stat", "utf8").split("\n", 1)[0].trim().split(/\s+/).slice(1, 9).map(Number);
  const idle = fields[3] + fields[4];
  return (fields.reduce((sum, value) => sum + value, 0) - idle) / ticksPerSecond;
}
