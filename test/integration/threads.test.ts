/** worker_threads: each thread is an end of its own, and may be ended at any moment. */
import { afterAll, afterEach, expect, test } from "vitest";
import { endChildren, makeRuntimeDir, removeRuntimeDirs, run } from "../programs/child.ts";

afterEach(endChildren);
afterAll(removeRuntimeDirs);

const runtime = () => ({ env: { EDGESTREAM_RUNTIME_DIR: makeRuntimeDir() }, watchdogMs: 60_000 });

test("a producer in a worker and a consumer in the main thread: 100000 frames, each whole and in order", async () => {
  const child = run("threads.mjs", { story: "stream", name: "worker", frames: 100_000 }, runtime());
  expect(await child.line("done")).toEqual({ kind: "done", seen: 100_000, wrong: 0, code: 0 });
  await child.ended();
}, 70_000);

test("worker.terminate with a pending acquire: the producer hears of it and has its slots back", async () => {
  const child = run("threads.mjs", { story: "end-consumer", name: "worker" }, runtime());
  const done = await child.line("done");
  expect(done).toMatchObject({ held: 1, code: 1, connections: 0, slotsMissing: 0 });
  expect(["consumer-closed", "consumer-lost"]).toContain(done.cause);
  await child.ended();
}, 70_000);

test("worker.terminate of a producer: its consumer drains what was posted, then hears of it", async () => {
  const child = run("threads.mjs", { story: "end-producer", name: "worker" }, runtime());
  const done = await child.line("done");
  expect(done).toMatchObject({ drained: 2, end: "ERR_PRODUCER_LOST", heldIsWhole: true });
  expect(["producer-closed", "producer-lost"]).toContain(done.cause);
  await child.ended();
}, 70_000);
