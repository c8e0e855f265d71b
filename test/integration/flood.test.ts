/** Two processes at full speed, where the ends meet in the middle of each other's steps. */
import { afterAll, afterEach, expect, test } from "vitest";
import { endChildren, makeRuntimeDir, removeRuntimeDirs, run } from "../programs/child.ts";

const count = 200_000;

afterEach(endChildren);
afterAll(removeRuntimeDirs);

test.each(["fifo", "mailbox", "broadcast"])("a %s consumer of a flood is never taken for an intruder", async (mode) => {
  const options = { env: { EDGESTREAM_RUNTIME_DIR: makeRuntimeDir() } };
  const producer = run("flood.mjs", { role: "producer", name: "flood", count }, options);
  const consumer = run("flood.mjs", { role: "consumer", name: "flood", mode }, options);
  expect(await consumer.line("done")).toMatchObject({ cause: "ended", ordered: true, last: count, rest: 0 });
  const { causes } = await producer.line("done");
  expect((causes as string[]).every((cause) => cause === "ended" || cause === "consumer-closed")).toBe(true);
  await Promise.all([producer.ended(), consumer.ended()]);
});
