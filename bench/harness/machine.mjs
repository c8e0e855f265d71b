/** What the figures were taken on, and how busy it was: a figure without its machine says nothing. */
import { readFileSync } from "node:fs";
import os from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { firstLineOf } from "./tools.mjs";

/** Share of all processors that others may use before a figure is in doubt. */
export const quietBelow = 0.1;

/** Jiffies since boot, all processors together; what a hypervisor stole counts as busy. */
function readMachine() {
  const fields = readFileSync("/proc/stat", "utf8").split("\n", 1)[0].trim().split(/\s+/).slice(1, 9).map(Number);
  const total = fields.reduce((sum, value) => sum + value, 0);
  return { total, busy: total - fields[3] - fields[4] }; // idle, and idle while a disk works
}

/** Jiffies of this program and of those that it started and that have ended. */
function readOwn() {
  const afterName = readFileSync("/proc/self/stat", "utf8").split(") ").pop();
  return afterName
    .split(" ")
    .slice(11, 15)
    .map(Number)
    .reduce((sum, value) => sum + value, 0);
}

/** Starts a watch; calling what it returns tells which share of the machine others used since. */
export function watchOthers() {
  const before = { ...readMachine(), own: readOwn() };
  return () => {
    const { total, busy } = readMachine();
    const others = busy - before.busy - (readOwn() - before.own);
    return total === before.total ? 0 : Math.max(0, others / (total - before.total));
  };
}

/** Waits until others leave the machine alone for a second, at most until `deadline` of performance.now(). */
export async function waitForQuiet(deadline) {
  while (performance.now() < deadline) {
    const others = watchOthers();
    await sleep(1000);
    if (others() < quietBelow) return;
  }
}

/** "0-1,4" -> [0, 1, 4] */
export function parseCpuList(text) {
  return text
    .trim()
    .split(",")
    .flatMap((part) => {
      const [first, last = first] = part.split("-").map(Number);
      return Array.from({ length: last - first + 1 }, (_, index) => first + index);
    });
}

/** The processors that this process may use: a container may have been given some of them only. */
export function allowedCpus() {
  const list = /^Cpus_allowed_list:\s*(.*)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  return list === undefined ? os.cpus().map((_, index) => index) : parseCpuList(list);
}

export function describeMachine() {
  return {
    cpu: os.cpus()[0]?.model ?? "unknown",
    cpus: os.cpus().length,
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    kernel: os.release(),
    node: process.version,
    compiler: firstLineOf("cc", "--version") ?? "none",
    loadBefore: Number(os.loadavg()[0].toFixed(2)),
  };
}
