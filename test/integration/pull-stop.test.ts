/** `edgestream pull` that is asked to stop ends well and at once, whatever it waits for; a frame is written whole. */
import { execFileSync } from "node:child_process";
import { closeSync, constants, openSync, readdirSync, readlinkSync, readSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import { Child, endChildren, makeRuntimeDir, removeRuntimeDirs, until } from "../programs/child.ts";

const cli = fileURLToPath(new URL("../../dist/sdk/cli/main.js", import.meta.url));
const frameBytes = (640 * 480 * 3) / 2;
/** stdin, stdout and stderr of a child are sockets to this process. */
const standardSockets = 3;
let runtimeDir = "";

function edgestream(...args: string[]): Child {
  return new Child(process.execPath, [cli, ...args], { env: { EDGESTREAM_RUNTIME_DIR: runtimeDir } });
}

async function startSource(...more: string[]): Promise<Child> {
  const source = edgestream("source", "test:", "--name", "cam", "--size", "640x480", "--json", ...more);
  await until("the stream", () => source.stderr !== "" || list().includes("cam"));
  return source;
}

function list(): string {
  const env = { ...process.env, EDGESTREAM_RUNTIME_DIR: runtimeDir };
  return execFileSync(process.execPath, [cli, "list", "--json", "--no-fps"], { env, encoding: "utf8" });
}

/** The summary that `pull --json` writes to stderr. */
function summary(pull: Child): { frames: number; bytes: number } {
  return JSON.parse(pull.stderr) as { frames: number; bytes: number };
}

beforeEach(() => {
  runtimeDir = makeRuntimeDir();
});
afterEach(endChildren);
afterAll(removeRuntimeDirs);

test("while it waits for a frame", async () => {
  await startSource("--wait-consumers", "2"); // a second consumer never comes
  const pull = edgestream("pull", "cam", "--as", "null", "--json");
  await until("its connection", () => list().includes('"fifo"'));
  pull.kill("SIGINT");
  await pull.ended();
  expect(summary(pull)).toMatchObject({ frames: 0 });
});

test("while it connects to a producer that does not answer", async () => {
  const source = await startSource();
  source.kill("SIGSTOP");
  const pull = edgestream("pull", "cam", "--as", "null");
  await until("its connection", () => openSockets(pull.pid) > standardSockets);
  pull.kill("SIGTERM");
  await pull.ended();
});

test("while it writes: the frame that was begun is whole", async () => {
  await startSource();
  const fifo = join(runtimeDir, "out");
  execFileSync("mkfifo", [fifo]);
  const reader = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
  const pull = edgestream("pull", "cam", "--as", "raw", "--out", fifo, "--json");
  const chunk = new Uint8Array(1 << 16);
  const read = (): number => {
    try {
      return readSync(reader, chunk);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      return 0;
    }
  };
  // The pipe holds less than a frame, so the first frame's write has begun and cannot end yet.
  let bytes = 0;
  const readSome = () => {
    bytes += read();
    return bytes > 0;
  };
  await until("the first bytes", readSome);
  pull.kill("SIGINT");
  await until("its end", () => readSome() && !pull.running);
  await pull.ended();
  for (let more = read(); more > 0; more = read()) bytes += more;
  closeSync(reader);
  expect(bytes).toBe(summary(pull).frames * frameBytes);
  expect(summary(pull).frames).toBeGreaterThan(0);
});

function openSockets(pid: number): number {
  const isSocket = (fd: string): boolean => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith("socket:");
    } catch {
      return false; // closed since it was listed
    }
  };
  return readdirSync(`/proc/${pid}/fd`).filter(isSocket).length;
}
