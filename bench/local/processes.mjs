/** Starts the programs of a measurement, each on its processor, and collects the one line each of them reports. */
import { spawn } from "node:child_process";

const deadlineMs = 30_000; // a measurement takes about 2 s; this is for one that hangs

/**
 * Runs one program; resolves to what it reported.
 * @param {{ command: string[], cpu?: number, env?: Record<string, string>, signal: AbortSignal }} program
 */
function runOne({ command, cpu, env, signal }) {
  const [file, ...args] = cpu === undefined ? command : ["taskset", "-c", String(cpu), ...command];
  return new Promise((resolve, reject) => {
    const options = { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env }, signal };
    const child = spawn(file, args, options);
    let out = "";
    let errors = "";
    child.stdout.on("data", (chunk) => {
      out += chunk;
    });
    child.stderr.on("data", (chunk) => {
      errors += chunk;
    });
    child.on("error", reject);
    child.on("close", (code, killedBy) => {
      if (code === 0) resolve(JSON.parse(out));
      else reject(new Error(`${command.join(" ")} ended with ${code ?? killedBy}:\n${errors}`));
    });
  });
}

/** Runs programs side by side; when one fails the others are ended. Resolves to their reports, in order. */
export async function runTogether(programs) {
  const failed = new AbortController();
  const timer = setTimeout(() => failed.abort(), deadlineMs);
  const runs = programs.map((program) => runOne({ ...program, signal: failed.signal }));
  try {
    return await Promise.all(runs);
  } catch (error) {
    if (failed.signal.aborted) throw new Error(`no result after ${deadlineMs} ms`, { cause: error });
    failed.abort();
    throw error;
  } finally {
    clearTimeout(timer);
    await Promise.allSettled(runs);
  }
}
