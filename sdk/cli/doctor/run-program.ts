/** Runs a program for a bounded time, whatever it does. */
import { spawn } from "node:child_process";

export interface Ran {
  stdout: string;
  stderr: string;
  code: number | null;
  signal: NodeJS.Signals | null;
  /** ENOENT, EACCES, EMFILE, …: it did not start. */
  startError: string | undefined;
  timedOut: boolean;
}

const outputMax = 4 << 20;
/** A killed program that still does not end hangs in the kernel, for example on a dead network disk. */
const leaveAfterMs = 500;

export interface RunOptions {
  limitMs: number;
  env?: NodeJS.ProcessEnv | undefined;
}

/** Never rejects. */
export function runProgram(program: string, args: readonly string[], options: RunOptions): Promise<Ran> {
  const ran: Ran = { stdout: "", stderr: "", code: null, signal: null, startError: undefined, timedOut: false };
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], env: options.env ?? process.env });
    let leaveTimer: NodeJS.Timeout | undefined;
    const finish = () => {
      clearTimeout(killTimer);
      clearTimeout(leaveTimer);
      child.stdout?.destroy();
      child.stderr?.destroy();
      child.unref();
      resolve(ran);
    };
    const killTimer = setTimeout(() => {
      ran.timedOut = true;
      child.kill("SIGKILL");
      leaveTimer = setTimeout(finish, leaveAfterMs);
    }, options.limitMs);
    // Without a descriptor left there are no streams.
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      if (ran.stdout.length < outputMax) ran.stdout = (ran.stdout + text).slice(0, outputMax);
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      if (ran.stderr.length < outputMax) ran.stderr = (ran.stderr + text).slice(0, outputMax);
    });
    child.on("error", (error: NodeJS.ErrnoException) => {
      ran.startError ??= error.code ?? error.message;
      finish();
    });
    child.on("close", (code, signal) => {
      ran.code = code;
      ran.signal = signal;
      finish();
    });
  });
}

/** Why it is no success; undefined when it is one. */
export function whyRunFailed(ran: Ran, limitMs: number): string | undefined {
  if (ran.startError !== undefined) return `it does not start: ${ran.startError}`;
  if (ran.timedOut) return `it gave no answer within ${limitMs / 1000} s`;
  if (ran.signal !== null) return `it was ended by ${ran.signal}`;
  if (ran.code === 0) return undefined;
  const lines = ran.stderr.trim().split("\n");
  // Node prints the place, the error, the stack and its version.
  const said = lines.find((line) => /^\w*Error\b/.test(line)) ?? lines.at(-1) ?? "";
  return `it ended with exit code ${ran.code}${said === "" ? "" : `: ${said.slice(0, 200)}`}`;
}
