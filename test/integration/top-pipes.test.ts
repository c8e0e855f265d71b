/** `edgestream top` for programs: JSON lines and plain tables in pipes; streams that do not answer. */
import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { Child, endChildren, makeRuntimeDir, removeRuntimeDirs, until } from "../programs/child.ts";

const cli = fileURLToPath(new URL("../../dist/sdk/cli/main.js", import.meta.url));

afterEach(endChildren);
afterAll(removeRuntimeDirs);

interface Told {
  name: string;
  status: string;
  framesPerSecond?: number;
  frames?: number;
  worstLatencyUs?: number;
  connections?: {
    client: string;
    mode: string;
    framesPerSecond?: number;
    posted: number;
    delivered: number;
    skipped: number;
    discarded: number;
    waiting: number;
    latency?: { deliver: { frames: number; p50Us: number; p99Us: number } };
  }[];
}

/** One line of `--json`. */
function parse(line: string): { time: string; intervalSeconds: number; streams: Told[] } {
  return JSON.parse(line);
}

interface Result {
  code: number;
  stdout: string;
  stderr: string;
}

function runProgram(program: string, args: readonly string[]): Promise<Result> {
  return new Promise((resolve) => {
    execFile(program, args, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code ?? -1) : 0, stdout, stderr });
    });
  });
}

const top = (...args: string[]) => runProgram(process.execPath, [cli, "top", ...args]);

async function startSource(runtimeDir: string, name: string, fps: number): Promise<Child> {
  const options = ["--name", name, "--size", "320x240", "--fps", String(fps), "--quiet", "--runtime-dir", runtimeDir];
  const source = new Child(process.execPath, [cli, "source", "test:", ...options], {});
  await until(`${name} is there`, () => readdirSync(runtimeDir).includes(`${name}.sock`));
  return source;
}

function pull(runtimeDir: string, name: string): Child {
  return new Child(process.execPath, [cli, "pull", name, "--as", "null", "--runtime-dir", runtimeDir], {});
}

test("--json: a line per interval, with rates, counters that add up, latencies, in the order asked for", async () => {
  const runtimeDir = makeRuntimeDir();
  await startSource(runtimeDir, "slow", 10);
  await startSource(runtimeDir, "fast", 50);
  pull(runtimeDir, "fast");
  const options = ["--json", "--interval", "0.5", "--sort", "fps", "--runtime-dir", runtimeDir];
  await until("the consumer is seated", async () => {
    const { streams } = parse((await top("--once", ...options)).stdout);
    return (streams.find(({ name }) => name === "fast")?.connections?.[0]?.delivered ?? 0) > 0;
  });
  const { code, stdout, stderr } = await top("--count", "3", ...options);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const lines = stdout.trimEnd().split("\n").map(parse);
  expect(lines).toHaveLength(3);
  const times = lines.map(({ time }) => Date.parse(time));
  expect(times).toEqual([...times].sort((a, b) => a - b));
  for (const { intervalSeconds, streams } of lines) {
    expect(intervalSeconds).toBe(0.5);
    expect(streams.map(({ name }) => name)).toEqual(["fast", "slow"]);
    const [fast, slow] = streams;
    expect(fast?.framesPerSecond).toBeGreaterThan(0);
    expect(slow?.connections).toEqual([]);
    const connection = fast?.connections?.[0];
    expect(connection).toMatchObject({ client: "edgestream pull", mode: "fifo" });
    const { posted = 0, delivered = 0, skipped = 0, discarded = 0, waiting = 0 } = connection ?? {};
    expect(delivered + skipped + discarded + waiting).toBe(posted);
    expect(connection?.latency?.deliver.frames).toBeGreaterThan(0);
    expect(fast?.worstLatencyUs).toBe(connection?.latency?.deliver.p99Us);
  }
  const counts = lines.map(({ streams }) => streams[0]?.frames ?? 0);
  expect(counts).toEqual([...new Set(counts)].sort((a, b) => a - b));
});

test("a reader that has seen enough ends it quietly, in both forms", async () => {
  const runtimeDir = makeRuntimeDir();
  await startSource(runtimeDir, "cam", 30);
  for (const form of ["--json", ""]) {
    const command = `'${process.execPath}' '${cli}' top ${form} --interval 0.1 --runtime-dir '${runtimeDir}' | head -1`;
    const script = `${command}; echo "status \${PIPESTATUS[0]}"`;
    const { stdout, stderr } = await runProgram("bash", ["-c", script]);
    expect(stdout.split("\n").at(-2)).toBe("status 0");
    expect(stdout.split("\n")).toHaveLength(3);
    expect(stderr).toBe("");
  }
});

test("without a terminal it prints a table per interval, and ends well when it is asked to", async () => {
  const runtimeDir = makeRuntimeDir();
  await startSource(runtimeDir, "cam", 30);
  const once = await top("--once", "--interval", "0.2", "--runtime-dir", runtimeDir);
  expect(once).toMatchObject({ code: 0, stderr: "" });
  const [clock, heading, row, ...rest] = once.stdout.split("\n");
  expect(clock).toMatch(/^\d\d:\d\d:\d\d$/);
  expect(heading).toMatch(/^NAME +. STATE +FORMAT +SIZE +FPS +CONS +LATENCY +FRAMES +SLOTS +MEMORY +DIRECTORY$/);
  expect(row).toMatch(
    new RegExp(`^cam +created +NV12 +320x240 +[\\d.]+ +0 +- +\\d+ +\\d+/\\d+ +[\\d.]+KiB +${runtimeDir}$`),
  );
  expect(rest).toEqual(["", ""]);
  const child = new Child(process.execPath, [cli, "top", "--interval", "0.1", "--runtime-dir", runtimeDir], {});
  for (let table = 0; table < 3; table += 1) {
    while (!String((await child.line("text")).text).startsWith("cam "));
  }
  child.kill("SIGTERM");
  await child.ended();
  const none = await top("--once", "--interval", "0.1", "--runtime-dir", makeRuntimeDir());
  expect(none.stdout).toContain("no streams; start one with: edgestream source test: --name bars");
});

describe("streams that do not answer", () => {
  test("are stale and silent, in top and in list alike", async () => {
    const runtimeDir = makeRuntimeDir();
    await startSource(runtimeDir, "alive", 30);
    const stopped = await startSource(runtimeDir, "silent", 30);
    const killed = await startSource(runtimeDir, "stale", 30);
    killed.kill("SIGKILL");
    await killed.exit;
    stopped.kill("SIGSTOP");
    const wanted = { alive: "alive", silent: "silent", stale: "stale" };
    // Silent is who has kept us waiting for a second.
    const { stdout } = await top("--json", "--count", "3", "--interval", "1", "--runtime-dir", runtimeDir);
    const last = parse(stdout.trimEnd().split("\n").at(-1) ?? "");
    expect(Object.fromEntries(last.streams.map(({ name, status }) => [name, status]))).toEqual(wanted);
    const list = await runProgram(process.execPath, [cli, "list", "--json", "--runtime-dir", runtimeDir]);
    const listed = JSON.parse(list.stdout) as Told[];
    expect(Object.fromEntries(listed.map(({ name, status }) => [name, status]))).toEqual(wanted);
    stopped.kill("SIGCONT");
  });

  const isRoot = process.getuid?.() === 0;
  if (!isRoot) console.log("skipped: only root can become another user and be denied");
  test.skipIf(!isRoot)("are denied to a user that the socket does not let in", async () => {
    const runtimeDir = makeRuntimeDir(0o755);
    await startSource(runtimeDir, "private", 30);
    const user = ["--reuid", "1000", "--regid", "1000", "--clear-groups", process.execPath, cli];
    const options = ["--json", "--runtime-dir", runtimeDir];
    const seen = await runProgram("setpriv", [...user, "top", "--once", "--interval", "0.1", ...options]);
    expect(parse(seen.stdout).streams).toMatchObject([{ name: "private", status: "denied" }]);
    const list = await runProgram("setpriv", [...user, "list", ...options]);
    expect(JSON.parse(list.stdout)).toMatchObject([{ name: "private", status: "denied" }]);
  });
});

test.each([
  [["--interval", "0"], "--interval must be seconds from 0.1 to 3600"],
  [["--interval", "fast"], '--interval must be seconds from 0.1 to 3600, not "fast"'],
  [["--sort", "lately"], "--sort must be one of name, state"],
  [["--count", "0"], "--count must be a whole number from 1"],
  [["--once", "--count", "2"], "give --once or --count, not both"],
  [["cam1"], "too many arguments"],
])("top %j is refused with what is wrong", async (args, message) => {
  const { code, stdout, stderr } = await top(...args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain(message);
});

test("--help has examples", async () => {
  const { code, stdout } = await top("--help");
  expect(code).toBe(0);
  for (const word of ["Examples:", "--interval <seconds>", "--sort <column>", "Exit codes:"]) {
    expect(stdout).toContain(word);
  }
});
