/** Starts the programs of a measurement, each on its processors, and collects the one line each of them reports. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { benchFolder } from "./tools.mjs";

const deadlineMs = 30_000; // a measurement takes about 2 s; this is for one that hangs
const stopMs = 2000;

/** The command of bench/programs/<name>.mjs, which gets its task as argv[2]. */
export const program = (name, task) => [
  process.execPath,
  join(benchFolder, "programs", `${name}.mjs`),
  JSON.stringify(task),
];

/** What runs now, with whether it leads a process group of its own. */
const living = new Map();

function end(child, signal) {
  // One that has ended is left alone: its number may be somebody else's by now. One that never started has none.
  if (!living.has(child) || child.pid === undefined) return;
  try {
    process.kill(living.get(child) ? -child.pid : child.pid, signal);
  } catch {
    // it has ended by itself
  }
}

/** Ends everything that was started here. For a bench that is interrupted. */
export function endAll() {
  // Not SIGKILL: GStreamer and iceoryx have shared memory to remove.
  for (const child of living.keys()) end(child, "SIGTERM");
}

/**
 * Starts one program. Its stdout is a pipe that the caller reads.
 * @param {{ command: string[], cpus?: number | string, env?: Record<string, string>, group?: boolean }} program
 *   cpus as `taskset -c` takes them; group: the program starts others, which end with it
 */
export function start({ command, cpus, env, group = false }) {
  const [file, ...args] = cpus === undefined ? command : ["taskset", "-c", String(cpus), ...command];
  const child = spawn(file, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
    detached: group,
  });
  living.set(child, group);
  child.errors = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    child.errors = (child.errors + text).slice(-4000);
  });
  child.over = new Promise((resolve) => {
    const gone = (how) => {
      living.delete(child);
      resolve(how);
    };
    child.on("error", (error) => gone(error.message));
    child.on("close", (code, signal) => gone(code ?? signal));
  });
  return child;
}

/** Asks a program to end, and makes it when it does not. */
export async function stop(child) {
  end(child, "SIGTERM");
  await Promise.race([child.over, sleep(stopMs, undefined, { ref: false })]);
  if (living.has(child)) end(child, "SIGKILL");
  await child.over;
}

/** What a program said about its trouble: Node's line with the error, else its last line. */
function complaint(child, how) {
  const lines = child.errors.trim().split("\n");
  const said = lines.find((line) => /^\w*Error\b/.test(line)) ?? lines.at(-1);
  return said || `ended with ${how}`;
}

async function reportOf(child, name) {
  let out = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    out += text;
  });
  const how = await child.over;
  if (how !== 0) throw new Error(`${name}: ${complaint(child, how)}`);
  return JSON.parse(out);
}

/** For people: the program's file, without the way to it. */
function nameOf(command) {
  const file = command.find((part) => part.endsWith(".mjs")) ?? command[0];
  return file.split("/").at(-1);
}

/** Runs programs side by side; when one fails the others are ended. Resolves to their reports, in order. */
export async function runTogether(programs) {
  const children = programs.map(start);
  const reports = children.map((child, index) => reportOf(child, nameOf(programs[index].command)));
  let timer;
  const late = new Promise((_resolve, reject) => {
    const names = new Set(programs.map(({ command }) => nameOf(command)));
    const why = `no result after ${deadlineMs / 1000} s from ${[...names].join(", ")}`;
    timer = setTimeout(() => reject(new Error(why)), deadlineMs);
  });
  try {
    return await Promise.race([Promise.all(reports), late]);
  } finally {
    clearTimeout(timer);
    await Promise.allSettled(children.map((child) => (living.has(child) ? stop(child) : undefined)));
    await Promise.allSettled(reports);
  }
}
