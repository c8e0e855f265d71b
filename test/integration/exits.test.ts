/** Processes end when they should, whatever they were doing, and nobody hangs or leaks because of it. */
import { readdirSync, readlinkSync } from "node:fs";
import { afterAll, afterEach, expect, test } from "vitest";
import { frame } from "../conformance/places.ts";
import { endChildren, makeRuntimeDir, removeRuntimeDirs, run, until } from "../programs/child.ts";
import { childSource } from "../programs/remote-source.ts";

afterEach(endChildren);
afterAll(removeRuntimeDirs);

function start(story: string) {
  const runtimeDir = makeRuntimeDir();
  const child = run(
    "exits.mjs",
    { story, name: "end" },
    { env: { EDGESTREAM_RUNTIME_DIR: runtimeDir }, watchdogMs: 30_000 },
  );
  return { child, runtimeDir };
}

/** Memory, sockets, pipes of a process, without those that came down from whoever started this test. */
function inherited(pid: number | "self"): string[] {
  const links = readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
    } catch {
      return []; // the descriptor of this very look
    }
  });
  const foreign = links.filter((link) => /^(socket|pipe|anon_inode|\/memfd)/.test(link));
  return pid === "self" ? foreign : foreign.filter((link) => !inherited("self").includes(link));
}

test.each(["close", "close-each", "forget", "listen-unref"])("%s: the process ends by itself", async (story) => {
  const { child, runtimeDir } = start(story);
  await child.line("ready");
  await child.ended();
  if (story !== "listen-unref") expect(readdirSync(runtimeDir)).toEqual([]);
});

test("a listening stream keeps its process alive", async () => {
  const { child } = start("listen");
  await child.line("ready");
  await new Promise((resolve) => setTimeout(resolve, 400));
  expect(child.running).toBe(true);
});

test.each(["event", "poll", "block"])(
  "wait %s: a pending acquire keeps its process alive, unless the consumer is unreferenced",
  async (wait) => {
    const runtimeDir = makeRuntimeDir();
    const env = { EDGESTREAM_RUNTIME_DIR: runtimeDir };
    const source = await childSource();
    await source.create({ name: "end", runtimeDir, frame });
    await source.connect();
    const waits = run("exits.mjs", { story: "wait", name: "end", wait }, { env });
    await waits.line("ready");
    const leaves = run("exits.mjs", { story: "wait-unref", name: "end", wait }, { env, watchdogMs: 30_000 });
    await leaves.line("ready");
    await leaves.ended();
    expect(waits.running).toBe(true);
    await source.stop();
    await waits.ended(); // the wait is over, and with it the reason to stay
  },
);

test("a listener for frames keeps its process alive until the stream has ended, and no longer", async () => {
  const runtimeDir = makeRuntimeDir();
  const env = { EDGESTREAM_RUNTIME_DIR: runtimeDir };
  const source = await childSource();
  await source.create({ name: "end", runtimeDir, frame });
  await source.connect();
  const listener = run("exits.mjs", { story: "listen-frames", name: "end" }, { env });
  await listener.line("ready");
  await until("it is seated", async () => (await source.stats()).connections.some(({ state }) => state === "empty"));
  await source.post(2);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(listener.running).toBe(true);
  await source.closeInput();
  await listener.ended();
});

test("process.exit in the middle of everything ends the process, and others get their slots back", async () => {
  const { child, runtimeDir } = start("exit");
  const source = await childSource();
  await source.create({ name: "end-outside", runtimeDir, frame });
  await source.connect({ whenNoConsumer: "wait" });
  const running = source.run(2000, 500);
  await child.line("ready");
  expect((await child.exit).code).toBe(7);
  await source.halt();
  await Promise.race([running, new Promise((resolve) => setTimeout(resolve, 100))]);
  await until("its slots are back", async () => {
    const { connections } = await source.stats();
    return connections.length === 0;
  });
  await source.close();
  // A process that dies leaves its two files at most; the next owner of the name takes them over.
  const left = readdirSync(runtimeDir).sort();
  expect(["end.lock", "end.sock"]).toEqual(expect.arrayContaining(left));
  const next = await childSource();
  await next.create({ name: "end", runtimeDir, frame });
  await next.close();
  expect(readdirSync(runtimeDir)).toEqual([]);
});

test("a program started by a consumer inherits nothing; the consumer's death is noticed while it lives", async () => {
  const { child, runtimeDir } = start("spawn");
  const source = await childSource();
  await source.create({ name: "end", runtimeDir, frame });
  await source.connect({ whenNoConsumer: "wait" });
  await source.post(1);
  const { pid } = await child.line("ready");
  try {
    expect((await source.stats()).connections[0]).toMatchObject({ held: 1n });
    expect(inherited(Number(pid))).toEqual([]);
    child.kill();
    await until("the slots are back", async () => {
      const { connections, pool } = await source.stats();
      return connections.length === 0 && pool.slotsFree === pool.slots;
    });
    expect(inherited(Number(pid))).toEqual([]); // readable, so it was alive all the time
    const lost = (await source.events()).filter(
      ({ name, cause }) => name === "disconnected" && cause === "consumer-lost",
    );
    expect(lost).toHaveLength(2); // told by the producer and by its stream
  } finally {
    process.kill(Number(pid), "SIGKILL");
  }
});
