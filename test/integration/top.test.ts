/** `edgestream top` in a real terminal, with real streams, real keys and real deaths; and in pipes. */
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { Child, endChildren, makeRuntimeDir, removeRuntimeDirs, until } from "../programs/child.ts";
import { closeTerminals, TmuxTerminal } from "../programs/tmux.ts";

const cli = fileURLToPath(new URL("../../dist/sdk/cli/main.js", import.meta.url));
const utf8 = { LANG: "C.UTF-8" };

afterEach(async () => {
  closeTerminals();
  await endChildren();
});
afterAll(removeRuntimeDirs);

function edgestream(runtimeDir: string, ...args: string[]): Child {
  return new Child(process.execPath, [cli, ...args], { env: { EDGESTREAM_RUNTIME_DIR: runtimeDir } });
}

/** A stream of the test pattern, posting. */
async function startSource(runtimeDir: string, name: string, fps: number): Promise<Child> {
  const size = ["--size", "320x240", "--fps", String(fps)];
  const source = edgestream(runtimeDir, "source", "test:", "--name", name, ...size, "--quiet", "--json");
  await until(`${name} is there`, () => readdirSync(runtimeDir).includes(`${name}.sock`));
  return source;
}

/** `fast` at 40 fps with a fifo and a mailbox consumer, `slow` at 10 fps with a broadcast one. */
async function twoStreams() {
  const runtimeDir = makeRuntimeDir();
  const fast = await startSource(runtimeDir, "fast", 40);
  const slow = await startSource(runtimeDir, "slow", 10);
  const pulls = [
    ["fast", "fifo"],
    ["fast", "mailbox"],
    ["slow", "broadcast"],
  ].map(([name, mode]) => edgestream(runtimeDir, "pull", name as string, "--as", "null", "--mode", mode as string));
  return { runtimeDir, fast, slow, pulls };
}

const quoted = (word: string) => `'${word}'`;
const command = (...args: string[]) => [process.execPath, ...args].map(quoted).join(" ");
const topCommand = (...args: string[]) => command(cli, "top", "--interval", "0.2", ...args);

const row = (lines: readonly string[], name: string) => lines.find((each) => each.startsWith(`${name} `));
/** The columns of a stream's row: name, state, format, size, fps, consumers. */
const cells = (lines: readonly string[], name: string) => row(lines, name)?.split(/\s+/) ?? [];
const order = (lines: readonly string[]) => lines.flatMap((each) => /^(fast|slow) /.exec(each)?.[1] ?? []);
const fpsOf = (lines: readonly string[], name: string) => Number(cells(lines, name)[4]);
const running = (lines: readonly string[]) => fpsOf(lines, "fast") > 0 && fpsOf(lines, "slow") > 0;

function openTop(runtimeDir: string, options: { columns?: number; rows?: number; env?: Record<string, string> } = {}) {
  const env = { EDGESTREAM_RUNTIME_DIR: runtimeDir, ...utf8, ...options.env };
  const terminal = new TmuxTerminal({ ...options, env });
  terminal.type("echo this was here before");
  return terminal;
}

/** A line of the shell's own screen; its prompt may stand before it. */
const isShell = (lines: readonly string[]) => lines.some((each) => each.endsWith("this was here before"));

/** Back at the shell: its screen, its cursor, its line editing. */
async function expectShell(terminal: TmuxTerminal): Promise<void> {
  await terminal.see("the shell's screen again", isShell);
  expect(terminal.modes()).toEqual({ alternate: false, cursor: true, wraps: true });
  // In two pieces, so that the echo of the command is not taken for its answer.
  terminal.type("echo mod'es: '$(stty -a | tr ' ;' '\\n\\n' | grep -xE -e '-?(icanon|echo|isig)')");
  await terminal.see("line editing", (lines) => lines.some((each) => each.endsWith("modes: isig icanon echo")));
}

describe("in a terminal", () => {
  test("streams are listed, sorted, opened and left; quitting gives the screen back", async () => {
    const { runtimeDir } = await twoStreams();
    const terminal = openTop(runtimeDir);
    terminal.type(topCommand());
    const streams = await terminal.see(
      "both streams running",
      (lines) => running(lines) && / 3 consumers$/.test(lines[0] ?? ""),
    );
    expect(terminal.modes()).toMatchObject({ alternate: true, cursor: false });
    expect(streams[0]).toMatch(/^edgestream top {2}\d\d:\d\d:\d\d {2}every 0\.2 s {2}2 streams, 3 consumers$/);
    expect(order(streams)).toEqual(["fast", "slow"]);
    await terminal.see("a latency", (lines) => /\d(µs|ms)/.test(row(lines, "slow") ?? ""));
    expect(cells(streams, "fast").slice(2, 4)).toEqual(["NV12", "320x240"]);

    for (let step = 0; step < 4; step += 1) terminal.press("Right");
    const byRate = await terminal.see("sorted by rate", (lines) => /FPS▼/.test(lines[1] ?? ""));
    expect(order(byRate)).toEqual(["fast", "slow"]);
    terminal.press("r");
    const reversed = await terminal.see("the other way round", (lines) => /FPS▲/.test(lines[1] ?? ""));
    expect(order(reversed)).toEqual(["slow", "fast"]);

    terminal.press("Down", "Enter");
    const opened = await terminal.see("the connections of fast", (lines) => /^fast {2}/.test(lines[1] ?? ""));
    const clients = opened.filter((each) => each.startsWith("edgestream pull "));
    expect(clients.map((each) => /fifo|mailbox/.exec(each)?.[0]).sort()).toEqual(["fifo", "mailbox"]);
    expect(opened.join("\n")).toMatch(/\d+ posted = \d+ delivered/);
    await terminal.see("its ledger", (lines) => lines.some((each) => /^deliver .*\d(µs|ms)/.test(each)));

    terminal.press("Escape");
    await terminal.see("the streams again", (lines) => order(lines).length === 2);
    terminal.press("?");
    await terminal.see("the help", (lines) => lines.some((each) => /^Enter +the connections/.test(each)));
    terminal.press("x", "q");
    await expectShell(terminal);
  });

  test("a pause holds the picture, and a longer interval is told", async () => {
    const { runtimeDir } = await twoStreams();
    const terminal = openTop(runtimeDir);
    terminal.type(topCommand());
    await terminal.see("both streams running", running);
    terminal.press("p");
    const held = await terminal.see("paused", (lines) => /paused/.test(lines[0] ?? ""));
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(terminal.lines()).toEqual(held);
    terminal.press("p", "+");
    await terminal.see("going on", (lines) => /every 0\.5 s/.test(lines[0] ?? "") && lines[0] !== held[0]);
    terminal.press("q");
    await expectShell(terminal);
  });

  test("a source that is killed is stale, one that is stopped is silent, one that comes back is alive", async () => {
    const { runtimeDir, fast, slow } = await twoStreams();
    const terminal = openTop(runtimeDir);
    terminal.type(topCommand());
    await terminal.see("both streams running", running);
    slow.kill("SIGSTOP");
    const state = (lines: readonly string[], name: string) => cells(lines, name)[1];
    await terminal.see("slow is silent", (lines) => state(lines, "slow") === "silent");
    slow.kill("SIGCONT");
    await terminal.see("slow is back", (lines) => state(lines, "slow") !== "silent" && fpsOf(lines, "slow") > 0);
    fast.kill("SIGKILL");
    await terminal.see("fast is stale", (lines) => state(lines, "fast") === "stale");
    await startSource(runtimeDir, "fast", 20);
    const again = await terminal.see("fast is new", (lines) => fpsOf(lines, "fast") > 0);
    expect(row(again, "fast")).not.toContain("-1");
    slow.kill("SIGTERM");
    await terminal.see("slow is gone", (lines) => row(lines, "slow") === undefined);
    terminal.press("q");
    await expectShell(terminal);
  });

  test("a new size is a new layout", async () => {
    const { runtimeDir } = await twoStreams();
    const terminal = openTop(runtimeDir);
    terminal.type(topCommand());
    await terminal.see("both streams running", running);
    expect(terminal.lines()[1]).not.toContain("MEMORY");
    terminal.resize(160, 40);
    const wide = await terminal.see("more columns", (lines) => /MEMORY/.test(lines[1] ?? ""));
    expect(wide[39]).toMatch(/q quit$/);
    terminal.resize(60, 10);
    const narrow = await terminal.see("fewer columns", (lines) => /q quit$/.test(lines[9] ?? ""));
    expect(narrow[1]).toMatch(/^NAME +▲ STATE +FPS +CONS/);
    expect(order(narrow)).toEqual(["fast", "slow"]);
    terminal.press("q");
    await expectShell(terminal);
  });

  test("without streams it says how to start one", async () => {
    const terminal = openTop(makeRuntimeDir());
    terminal.type(topCommand());
    await terminal.see("a hint", (lines) =>
      lines.includes("no streams; start one with: edgestream source test: --name bars"),
    );
    terminal.press("q");
    await expectShell(terminal);
  });

  test("without UTF-8 it draws with ASCII; NO_COLOR takes the colours, not the mark of the selected row", async () => {
    const { runtimeDir, slow } = await twoStreams();
    const colours = (text: string) =>
      text.split("\u001b[").filter((each) => /^[\d;]*m/.test(each) && /^(\d+;)*3[0-7][;m]/.test(each));
    const first = openTop(runtimeDir);
    first.type(topCommand());
    await first.see("both streams running", running);
    expect(colours(first.coloured())).not.toEqual([]);
    const second = openTop(runtimeDir, { env: { LANG: "C", NO_COLOR: "1" } });
    second.type(topCommand());
    slow.kill("SIGSTOP");
    const lines = await second.see("slow is silent", (seen) => cells(seen, "slow")[1] === "silent");
    expect(lines.join("\n")).toMatch(/^[\n -~]*$/);
    expect(lines[1]).toMatch(/^NAME +\^ STATE/);
    expect(colours(second.coloured())).toEqual([]);
    const selected = second
      .coloured()
      .split("\n")
      .filter((each) => each.includes("[0;7m"));
    expect(selected).toEqual([expect.stringContaining("fast ")]);
    slow.kill("SIGCONT");
  });

  test("Ctrl-Z gives the terminal to the shell, fg takes it again", async () => {
    const { runtimeDir } = await twoStreams();
    const terminal = openTop(runtimeDir);
    terminal.type("set -m");
    terminal.type(topCommand());
    await terminal.see("both streams running", running);
    terminal.press("C-z");
    await expectShell(terminal);
    terminal.type("fg");
    await terminal.see("both streams again", running);
    expect(terminal.modes()).toMatchObject({ alternate: true, cursor: false });
    terminal.press("q");
    await terminal.see("the shell's screen again", isShell);
    expect(terminal.modes()).toEqual({ alternate: false, cursor: true, wraps: true });
  });

  const throwing = 'process.on("SIGUSR2", () => { throw new Error("thrown on purpose"); })';
  const rejecting = 'process.on("SIGUSR2", () => { Promise.reject(new Error("rejected on purpose")); })';
  const endings = {
    "Ctrl-C": { node: "", signal: undefined, status: 0, said: "" },
    SIGTERM: { node: "", signal: "SIGTERM", status: 0, said: "" },
    "an error that nobody caught": { node: throwing, signal: "SIGUSR2", status: 1, said: "Error: thrown on purpose" },
    "a rejection that nobody caught": { node: rejecting, signal: "SIGUSR2", status: 1, said: "rejected on purpose" },
  } as const;

  test.each(Object.entries(endings))("%s gives the terminal back", async (_, { node, signal, status, said }) => {
    const { runtimeDir } = await twoStreams();
    const terminal = openTop(runtimeDir);
    const imports = node === "" ? [] : [`--import=data:text/javascript,${encodeURIComponent(node)}`];
    terminal.type(`${command(...imports, cli, "top", "--interval", "0.2")}; echo status $?`);
    await terminal.see("both streams running", running);
    if (signal) process.kill(terminal.foreground(), signal);
    else terminal.press("C-c");
    const lines = await terminal.see("the shell", (seen) => seen.some((each) => each.endsWith(`status ${status}`)));
    expect(lines.join("\n")).toContain(said);
    await expectShell(terminal);
  });
});
