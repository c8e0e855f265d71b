/** `edgestream list` shows what a producer tells about its stream, and what it measures. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createStream } from "edgestream";
import { afterAll, afterEach, expect, test } from "vitest";
import { endChildren, makeRuntimeDir, removeRuntimeDirs, run, until } from "../programs/child.ts";

const cli = fileURLToPath(new URL("../../dist/sdk/cli/main.js", import.meta.url));
const frame = { format: "GRAY8", width: 64, height: 16 } as const;

afterEach(endChildren);
afterAll(removeRuntimeDirs);

async function list(runtimeDir: string, ...options: string[]): Promise<string> {
  const args = [cli, "list", "--no-fps", "--runtime-dir", runtimeDir, ...options];
  return (await promisify(execFile)(process.execPath, args)).stdout;
}

test("the title in the table; in JSON everything, also who follows whom and a consumer's latency", async () => {
  const runtimeDir = makeRuntimeDir();
  await using stream = await createStream({ name: "door", runtimeDir, frame });
  const producer = await stream.connectProducer();
  const told = { title: "Front \u001b[31mdoor", model: "IMX 477", nominalFps: 25, labels: { floor: "0" } };
  producer.updateInfo(told);
  const first = await stream.connectConsumer({ client: "screen" });
  const previous = first.connection;
  await first.close();
  await until("it has gone", () => producer.stats().connections.length === 0);
  const second = await stream.connectConsumer({ client: "screen" });
  second.set("consumerLatencyUsec", 16_000);
  for (let count = 0; count < 3; count++) await producer.push(new Uint8Array(64 * 16));
  const [door] = JSON.parse(await list(runtimeDir, "--json"));
  expect(door).toMatchObject({
    ...{ name: "door", frames: 3, info: told },
    connections: [{ client: "screen", consumerLatencyUsec: 16_000, previous: Number(previous) }],
  });
  expect(door.bytesPerSecond).toBeGreaterThan(0);
  const [heading, row] = (await list(runtimeDir)).split("\n");
  expect(heading).toMatch(/ {2}TITLE$/);
  expect(row).toMatch(/ {2}Front door$/);
});

test("a consumer's process that comes after a dead one under the same name follows it", async () => {
  const runtimeDir = makeRuntimeDir();
  await using stream = await createStream({ name: "door", runtimeDir, frame });
  const producer = await stream.connectProducer();
  const seated = () => producer.stats().connections.filter(({ state }) => state === "empty");
  const order = { name: "door", open: { runtimeDir }, consumer: { client: "recorder" } };
  const victim = run("sink.mjs", order);
  await until("it is seated", () => seated().length === 1);
  const [first] = seated();
  victim.kill();
  await victim.exit;
  await until("its end is seen", () => producer.stats().connections.length === 0);
  run("sink.mjs", order);
  await until("the next is seated", () => seated().length === 1);
  expect(first?.previous).toBeUndefined();
  expect(seated()[0]?.previous).toBe(first?.id);
});
