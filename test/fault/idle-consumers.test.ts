/** The idle reaper: a consumer that takes nothing while frames wait is sent away; a slow or a waiting one is not. */
import { setTimeout as sleep } from "node:timers/promises";
import { openStream } from "edgestream";
import { afterAll, afterEach, expect, test } from "vitest";
import { dismiss, listen, reportOf, startSink } from "../integration/crowd.ts";
import { endChildren, makeRuntimeDir, removeRuntimeDirs, until } from "../programs/child.ts";

const idleMs = 600;
const frame = { format: "GRAY8", width: 64, height: 64 } as const;

afterEach(endChildren);
afterAll(removeRuntimeDirs);

test("a stopped process and one that never reads are evicted, with their cause; readers and waiters stay", async () => {
  const runtimeDir = makeRuntimeDir();
  const source = await listen({ name: "reaped", runtimeDir, frame, accept: { idleMs } });
  const reader = startSink("reaped", runtimeDir, { consumer: { mode: "mailbox" } });
  const stopped = startSink("reaped", runtimeDir, { consumer: { mode: "broadcast" } });
  const stream = await openStream("reaped", { runtimeDir, mode: "mailbox" });
  const lazy = await stream.connectConsumer();
  const reads = await stream.connectConsumer();
  await until("all are seated", async () => {
    return (await source.stats()).connections.filter(({ state }) => state === "empty").length === 4;
  });
  await sleep(2 * idleMs); // nothing to take: nobody is idle
  expect((await source.stats()).connections.length).toBe(4);

  const startedAt = process.hrtime.bigint();
  const ran = source.run(1_000_000, 50);
  await stopped.line("first");
  stopped.kill("SIGSTOP");
  const goings = async () => {
    return (await source.events()).filter(({ name, from }) => name === "disconnected" && from === "producer");
  };
  let taken = 0;
  await until("two are evicted", async () => {
    if (reads.tryAcquire({ newOnly: true }).status === "ok") taken++;
    return (await goings()).length === 2;
  });
  for (const { cause, at } of await goings()) {
    expect(cause).toBe("evicted-idle");
    expect(Number(at - startedAt) / 1e6).toBeGreaterThanOrEqual(idleMs);
  }
  await until("the lazy one is told", () => lazy.cause !== "none");
  expect(lazy.cause).toBe("evicted-idle");
  expect(lazy.reason).toContain("accept.idleMs");
  await expect(lazy.acquire()).rejects.toMatchObject({ code: "ERR_BAD_STATE", reason: "evicted" });
  const { posted, delivered, skipped, discarded } = lazy.stats();
  expect(delivered).toBe(0n);
  expect(posted).toBe(skipped + discarded);

  await source.halt();
  await ran;
  const drained = source.closeInput({ timeoutMs: 10_000 });
  await until("the end is seen", () => {
    if (reads.tryAcquire({ newOnly: true }).status === "ok") taken++;
    return reads.state === "disconnected";
  });
  await drained;
  expect(reads.cause).toBe("ended");
  expect(reads.stats().delivered).toBe(BigInt(taken));
  stopped.kill("SIGCONT");
  expect(await reportOf(stopped)).toMatchObject({ torn: 0, end: "ERR_EVICTED", cause: "evicted-idle" });
  expect(await reportOf(reader)).toMatchObject({ torn: 0, end: "ended", cause: "ended" });
  await stream.close();
  await dismiss(source);
}, 60_000);
