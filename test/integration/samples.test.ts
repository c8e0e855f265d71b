/** Every sample runs as its README says, and says so with its exit code. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, expect, test } from "vitest";
import { Child, endChildren } from "../programs/child.ts";
import { freePort } from "../programs/free-port.ts";

const samples = fileURLToPath(new URL("../../samples/", import.meta.url));
const runtimeDir = mkdtempSync(join(tmpdir(), "es-"));
const env = { EDGESTREAM_RUNTIME_DIR: runtimeDir };

function sample(path: string, ...args: string[]): Child {
  return new Child(process.execPath, [join(samples, path), ...args], { env });
}

afterEach(endChildren);
afterAll(() => rmSync(runtimeDir, { recursive: true, force: true }));

test("01: one process", async () => {
  const main = sample("01-one-process/main.mjs");
  await main.ended();
  expect(await main.line("text")).toMatchObject({ text: "consumer connected: connecting" });
  expect(await main.line("text")).toMatchObject({ text: "sum of first pixels: 55" });
});

test.each(["consumer first", "producer first"])("02: two processes, %s", async (order) => {
  const start = {
    producer: () => sample("02-two-processes/producer.mjs"),
    consumer: () => sample("02-two-processes/consumer.mjs"),
  };
  const first = order === "consumer first" ? start.consumer() : start.producer();
  const second = order === "consumer first" ? start.producer() : start.consumer();
  await Promise.all([first.ended(), second.ended()]);
});

test("03: many consumers, the fifo one loses nothing", async () => {
  const main = sample("03-many-consumers/main.mjs");
  await main.ended();
});

test.each(["node-to-c", "c-to-node"])("04: a C client, %s, every pixel checked", (direction) => {
  const folder = join(samples, "04-c-client");
  const result = spawnSync("make", ["-s", "-C", folder, direction], {
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
  expect(result.stderr + result.stdout).toContain("100 frames");
  expect(result.status).toBe(0);
});

test.each(["producer", "consumer"])("08: across partitions, the %s listens", async (listener) => {
  const place = `tcp://127.0.0.1:${await freePort()}`;
  const programs = ["producer", "consumer"].map((role) => {
    return sample(`08-cross-partition/${role}.mjs`, role === listener ? "listen" : "dial", place);
  });
  await Promise.all(programs.map((program) => program.ended()));
});

test("09: a bridge, two local consumers and one link", async () => {
  const place = `tcp://127.0.0.1:${await freePort()}`;
  const consumers = ["fifo", "mailbox"].map((mode) => sample("09-bridge/consumer.mjs", mode));
  const bridge = sample("09-bridge/bridge.mjs", place);
  const producer = sample("09-bridge/producer.mjs", place);
  await Promise.all([...consumers, bridge, producer].map((program) => program.ended()));
  const lines = ["text", "text"].map((kind) => producer.line(kind));
  expect((await Promise.all(lines))[1]).toMatchObject({ text: "done; consumers at the end: 1" });
});

test("the demo proves its every line", { timeout: 90_000 }, async () => {
  const demo = sample("demo/demo.mjs");
  await demo.ended();
});
