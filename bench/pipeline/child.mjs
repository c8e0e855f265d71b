/** One program of the pipeline: its pid, and the JSON lines that it says. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

export class Child {
  /** Every line so far, parsed. */
  lines = [];
  /** The end of what it said on stderr. */
  errors = "";
  #waiters = [];
  /** How it ended; undefined while it runs. */
  #end;

  /** `cpus`: the processors it may use. */
  constructor(name, command, { env, cpus }) {
    this.name = name;
    // taskset becomes the program: the pid is the program's own.
    const args = ["-c", cpus.join(","), ...command];
    this.process = spawn("taskset", args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
    this.process.stderr.on("data", (text) => {
      this.errors = (this.errors + text).slice(-4000);
    });
    createInterface({ input: this.process.stdout }).on("line", (line) => this.#heard(line));
    this.ended = new Promise((resolve, reject) => {
      this.process.on("error", reject);
      this.process.on("close", (code, signal) => {
        this.#end = `${name} ended with ${code ?? signal}: ${this.errors || "it gave no reason"}`;
        this.#look();
        if (code === 0) resolve(this.lines.at(-1));
        else reject(new Error(this.#end));
      });
    });
    this.ended.catch(() => undefined); // heard by whoever waits for it
  }

  get pid() {
    return this.process.pid;
  }

  /** Throws when it is gone: who is measured must be there. */
  mustRun() {
    if (this.#end !== undefined) throw new Error(this.#end);
  }

  /** Resolves to the first line for which `wanted` is true; rejects when the program ends without one. */
  line(what, wanted) {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ what, wanted, resolve, reject });
      this.#look();
    });
  }

  /** Asks it to end, and ends it when it does not. Resolves when it is gone. */
  async stop(graceMs) {
    this.process.kill("SIGTERM");
    const timer = setTimeout(() => this.process.kill("SIGKILL"), graceMs);
    await this.ended.catch(() => undefined);
    clearTimeout(timer);
  }

  #heard(line) {
    this.lines.push(JSON.parse(line));
    this.#look();
  }

  #look() {
    this.#waiters = this.#waiters.filter(({ what, wanted, resolve, reject }) => {
      const found = this.lines.find(wanted);
      if (found !== undefined) resolve(found);
      else if (this.#end !== undefined) reject(new Error(`no ${what}: ${this.#end}`));
      return found === undefined && this.#end === undefined;
    });
  }
}
