/** A real terminal without a window: a tmux server of our own, its keyboard, and what stands on its screen. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "./child.ts";

export interface TerminalOptions {
  columns?: number;
  rows?: number;
  /** Of the shell, besides PATH and what a shell needs; nothing comes down from this process. */
  env?: Record<string, string>;
}

const open = new Set<TmuxTerminal>();

export class TmuxTerminal {
  readonly #folder = mkdtempSync(join(tmpdir(), "es-tmux-"));

  /** A shell whose prompt is `$ `. */
  constructor({ columns = 80, rows = 24, env = {} }: TerminalOptions = {}) {
    const variables = Object.entries({ PS1: "$ ", ...env }).map(([name, value]) => `${name}=${value}`);
    const kept = ["PATH", "HOME"].map((name) => `${name}=${process.env[name] ?? ""}`);
    const shell = ["env", "-i", "TERM=screen-256color", ...kept, ...variables, "sh"];
    this.#tmux("-f", "/dev/null", "new-session", "-d", "-x", String(columns), "-y", String(rows), ...shell);
    open.add(this);
  }

  /** Names of keys as tmux knows them, such as `Down`, `Enter`, `C-c`. */
  press(...keys: readonly string[]): void {
    this.#tmux("send-keys", ...keys);
  }

  /** A line for the shell. */
  type(text: string): void {
    this.#tmux("send-keys", "-l", text);
    this.press("Enter");
  }

  resize(columns: number, rows: number): void {
    this.#tmux("resize-window", "-x", String(columns), "-y", String(rows));
  }

  /** All rows, without the spaces at their ends. */
  lines(): string[] {
    return this.#tmux("capture-pane", "-p")
      .split("\n")
      .map((each) => each.trimEnd());
  }

  /** The screen with its escape sequences. */
  coloured(): string {
    return this.#tmux("capture-pane", "-p", "-e");
  }

  /** What the program that runs in it has done to the terminal. */
  modes(): { alternate: boolean; cursor: boolean; wraps: boolean } {
    const flags = this.#tmux("display-message", "-p", "#{alternate_on} #{cursor_flag} #{wrap_flag}").trim().split(" ");
    return { alternate: flags[0] === "1", cursor: flags[1] === "1", wraps: flags[2] === "1" };
  }

  /** The program that the shell waits for. */
  foreground(): number {
    const shell = this.#tmux("display-message", "-p", "#{pane_pid}").trim();
    const children = readFileSync(`/proc/${shell}/task/${shell}/children`, "utf8").trim().split(" ");
    if (children.length !== 1 || children[0] === "") throw new Error(`the shell's children are "${children}"`);
    return Number(children[0]);
  }

  /** Waits for a screen that is so, and gives it. A screen that never comes fails with what stood there instead. */
  async see(what: string, condition: (lines: readonly string[]) => boolean, watchdogMs = 30_000): Promise<string[]> {
    let lines: string[] = [];
    await until(
      what,
      () => {
        lines = this.lines();
        return condition(lines);
      },
      watchdogMs,
    ).catch((error: Error) => {
      throw new Error(`${error.message}; on the screen:\n${lines.join("\n")}`);
    });
    return lines;
  }

  close(): void {
    if (!open.delete(this)) return;
    this.#tmux("kill-server");
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #tmux(...args: readonly string[]): string {
    // -u: UTF-8, whatever the locale of this process.
    return execFileSync("tmux", ["-u", "-S", join(this.#folder, "socket"), ...args], { encoding: "utf8" });
  }
}

/** For `afterEach`. */
export function closeTerminals(): void {
  for (const terminal of [...open]) terminal.close();
}
