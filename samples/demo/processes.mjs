// Starts the demo's programs, reads what they say, and leaves none behind.
import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));
const program = join(root, "dist", "sdk", "cli", "main.js");
const running = new Set();

// Asked politely, the producer takes its socket away. Each program is in a process group of its own, so that Ctrl-C
// comes to this one alone: a second signal would cut the clean end short.
process.on("exit", () => {
  for (const child of running) child.kill("SIGTERM");
});
process.on("SIGINT", () => process.exit(130));
process.on("SIGTERM", () => process.exit(143));

/** The `edgestream` command. `onLine` gets what it prints on stdout. */
export function startCommand(args, onLine) {
  const child = spawn(process.execPath, [program, ...args], { stdio: ["ignore", "pipe", "pipe"], detached: true });
  const task = watch(`edgestream ${args[0]}`, child);
  createInterface({ input: child.stdout }).on("line", onLine ?? (() => {}));
  return task;
}

/** A consumer of this folder. Its last message is what `task.message` resolves to. */
export function startConsumer(file, name) {
  const child = fork(join(import.meta.dirname, file), [name], {
    stdio: ["ignore", "inherit", "pipe", "ipc"],
    detached: true,
  });
  const task = watch(file, child);
  let message;
  child.on("message", (value) => {
    message = value;
  });
  return { ...task, message: task.ended.then(() => message) };
}

/** `ended` resolves when the program ended well, and rejects with what it said on stderr when it did not. */
function watch(name, child) {
  running.add(child);
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    stderr = (stderr + text).slice(-4000);
  });
  const ended = once(child, "close").then(([code, signal]) => {
    running.delete(child);
    if (code !== 0) throw new Error(`${name} ended with ${signal ?? code}: ${stderr.trim()}`);
    return stderr;
  });
  // Everybody is awaited in the end; until then a rejection is not "unhandled".
  ended.catch(() => {});
  return { ended };
}
