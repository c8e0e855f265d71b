/** The pipeline of bench/pipeline.mjs in small: decoders, sources and consumers as processes; every frame is there. */
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, expect, test } from "vitest";
import { Child, endChildren, until } from "../programs/child.ts";

const program = fileURLToPath(new URL("../../bench/pipeline.mjs", import.meta.url));

interface Outcome {
  streams: {
    name: string;
    posted: number;
    lost: number;
    fifo: { frames: number; firstNumber: number; posted: number; delivered: number }[];
    mailbox: { frames: number; skipped: number }[];
  }[];
  lost: number;
  components: { name: string; processes: number; cpuSecondsPerSecond: number; shareOfMachine: number }[];
  edgestreamShare: number;
}

const small = ["--streams", "2", "--consumers", "2", "--size", "640x360", "--warm-up", "0"];

function childrenOf(pid: number): string[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean);
}

function commandOf(pid: string): string {
  return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
}

afterEach(endChildren);

test("two clips, two consumers each: the fifo ones get every frame, and each part is accounted for", async () => {
  const args = [program, "--json", ...small, "--seconds", "3"];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 100_000 });
  const outcome = JSON.parse(stdout) as Outcome;
  expect(outcome.lost).toBe(0);
  expect(outcome.streams.map(({ name }) => name)).toEqual(["cam1", "cam2"]);
  for (const { posted, fifo, mailbox, lost } of outcome.streams) {
    expect(lost).toBe(0);
    expect(posted).toBeGreaterThan(10);
    expect(fifo).toHaveLength(1);
    for (const seat of fifo) {
      expect(seat.frames).toBe(posted - seat.firstNumber + 1);
      expect(seat.delivered).toBe(seat.frames);
      expect(seat.posted).toBe(seat.frames);
    }
    expect(mailbox).toHaveLength(1);
    for (const seat of mailbox) expect(seat.frames).toBeGreaterThan(0);
  }
  expect(outcome.components.map(({ processes }) => processes)).toEqual([2, 2, 2, 2, 2, 1, 0]);
  const ffmpeg = outcome.components[0];
  expect(ffmpeg?.cpuSecondsPerSecond).toBeGreaterThan(0);
  expect(outcome.edgestreamShare).toBeGreaterThan(0);
});

test("a consumer that dies makes it fail and leaves nobody behind", async () => {
  const child = new Child(process.execPath, [program, ...small, "--seconds", "600"], {});
  await until("the measurement", () => child.stderr.includes("measuring"));
  const all = childrenOf(child.pid);
  expect(all).toHaveLength(6);
  process.kill(Number(all.find((pid) => commandOf(pid).includes("touch.mjs"))), "SIGKILL");
  const { code } = await child.exit;
  expect(code).toBe(1);
  expect(child.stderr).toMatch(/consumer of cam1 ended with SIGKILL/);
  await until("the others to end", () => !all.some((pid) => existsSync(`/proc/${pid}`)));
});
