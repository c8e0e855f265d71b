/** Child processes of tests: started, listened to, ended by their own pid; and what a process has left behind. */
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * One line of a program's stdout: an object with a kind, or a command's, whose `event` is its kind. 64-bit numbers of
 * programs come as strings.
 */
export interface Line {
  kind: string;
  [field: string]: unknown;
}

export interface SpawnOptions {
  /** Added to this process's environment. */
  env?: Record<string, string>;
  /** Put in front of the node command, such as `unshare …`. */
  wrapper?: readonly string[];
  nodeArguments?: readonly string[];
  /** An IPC channel for `remote-source.ts`. */
  channel?: boolean;
  /** A child that is still there after this long is killed, and the test fails with what it said. @default 120000 */
  watchdogMs?: number;
}

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

const programs = fileURLToPath(new URL(".", import.meta.url));
const living = new Set<Child>();

export class Child {
  readonly process: ChildProcess;
  readonly exit: Promise<Exit>;
  readonly name: string;
  stderr = "";
  readonly #lines: Line[] = [];
  readonly #waiting = new Set<() => void>();
  #rest = "";
  #gone: Exit | undefined;
  #watchdogFired = false;

  constructor(command: string, args: readonly string[], options: SpawnOptions) {
    this.name =
      args
        .find((arg) => arg.endsWith(".mjs"))
        ?.split("/")
        .at(-1) ?? command;
    const stdio = options.channel ? (["pipe", "pipe", "pipe", "ipc"] as const) : (["pipe", "pipe", "pipe"] as const);
    this.process = spawn(command, args, {
      stdio: [...stdio],
      serialization: "advanced",
      env: { ...process.env, ...options.env },
    });
    living.add(this);
    this.process.stdout?.setEncoding("utf8").on("data", (text: string) => this.#read(text));
    this.process.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
    const watchdogMs = options.watchdogMs ?? 120_000;
    const watchdog = setTimeout(() => {
      this.#watchdogFired = true;
      this.kill();
    }, watchdogMs);
    this.exit = new Promise((resolve, reject) => {
      const gone = (exit: Exit) => {
        clearTimeout(watchdog);
        living.delete(this);
        this.#gone = exit;
        this.#wake();
        if (this.#watchdogFired)
          reject(new Error(`${this.name} had to be killed after ${watchdogMs} ms${this.#said()}`));
        else resolve(exit);
      };
      // Not "close": that one never comes when this side has ended the IPC channel.
      const parts = [this.process, this.process.stdout, this.process.stderr];
      const over = parts.map((part, index) => new Promise((end) => part?.once(index === 0 ? "exit" : "close", end)));
      void Promise.all(over).then(() => gone({ code: this.process.exitCode, signal: this.process.signalCode }));
      this.process.on("error", (error) => {
        this.stderr += error.message;
        gone({ code: -1, signal: null });
      });
    });
    this.exit.catch(() => {}); // who awaits it sees it; who does not has other news already
  }

  get pid(): number {
    const { pid } = this.process;
    if (pid === undefined) throw new Error(`${this.name} did not start${this.#said()}`);
    return pid;
  }

  get running(): boolean {
    return this.#gone === undefined;
  }

  /** SIGKILL unless told otherwise, to this one process. */
  kill(signal: NodeJS.Signals = "SIGKILL"): void {
    this.process.kill(signal);
  }

  /** The next line of this kind, now or later. Earlier lines of other kinds stay for others to read. */
  async line(kind: string): Promise<Line> {
    for (;;) {
      const index = this.#lines.findIndex((line) => line.kind === kind);
      const found = index < 0 ? undefined : this.#lines.splice(index, 1)[0];
      if (found !== undefined) return found;
      if (this.#gone !== undefined) throw new Error(`${this.name} ended without saying "${kind}"${this.#said()}`);
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** Waits for exit code 0. */
  async ended(): Promise<void> {
    const { code, signal } = await this.exit;
    if (code !== 0) throw new Error(`${this.name} ended with ${signal ?? code}${this.#said()}`);
  }

  /** A line to its stdin. */
  tell(text: string): void {
    this.process.stdin?.write(`${text}\n`);
  }

  #read(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      this.#lines.push(line.startsWith("{") ? toLine(JSON.parse(line)) : { kind: "text", text: line });
    }
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  #said(): string {
    const exit = this.#gone === undefined ? "" : ` (exit ${this.#gone.signal ?? this.#gone.code})`;
    const lines = this.#lines.map((line) => JSON.stringify(line)).join("\n");
    return `${exit}\nstdout: ${lines || "nothing"}\nstderr: ${this.stderr || "nothing"}`;
  }
}

const toLine = (fields: Line & { event?: string }): Line => ({ ...fields, kind: fields.kind ?? fields.event });

/** Runs `test/programs/<program>` with one JSON argument. */
export function run(program: string, argument: unknown = {}, options: SpawnOptions = {}): Child {
  const json = JSON.stringify(argument, (_key, value) => (typeof value === "bigint" ? String(value) : value));
  const command = [
    ...(options.wrapper ?? []),
    process.execPath,
    ...(options.nodeArguments ?? []),
    programs + program,
    json,
  ];
  return new Child(command[0] as string, command.slice(1), options);
}

/** Runs a native program. */
export function runNative(path: string, args: readonly string[], options: SpawnOptions = {}): Child {
  return new Child(path, args, options);
}

/** Ends whatever a failed test left running. For `afterEach`. */
export async function endChildren(): Promise<void> {
  const rest = [...living];
  for (const child of rest) child.kill();
  await Promise.allSettled(rest.map((child) => child.exit));
}

const directories: string[] = [];

/** A fresh runtime directory; short, for a socket path has 107 bytes. */
export function makeRuntimeDir(mode = 0o700): string {
  const dir = mkdtempSync(join(tmpdir(), "es-"));
  chmodSync(dir, mode);
  directories.push(dir);
  return dir;
}

/** For `afterAll`. */
export function removeRuntimeDirs(): void {
  for (const dir of directories.splice(0)) rmSync(dir, { recursive: true, force: true });
}

/** Open descriptors of a process. */
export function countFds(pid: number | "self" = "self"): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

export function listShm(): string[] {
  return readdirSync("/dev/shm").sort();
}

/** Asks until it is so. A condition that never comes fails with `what`; how long it took is never judged. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  watchdogMs = 20_000,
): Promise<void> {
  const limit = performance.now() + watchdogMs;
  while (!(await condition())) {
    if (performance.now() > limit) throw new Error(`waited ${watchdogMs} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** A promise that must settle; `what` is what the test says when it does not. */
export async function within<T>(what: string, promise: Promise<T>, watchdogMs = 20_000): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const watchdog = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`still waiting after ${watchdogMs} ms: ${what}`)), watchdogMs);
  });
  try {
    return await Promise.race([promise, watchdog]);
  } finally {
    clearTimeout(timer);
  }
}
