/** The wall clock is set between two lives of a producer: consumers tell the lives apart all the same. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { openStream } from "edgestream";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { endChildren, makeRuntimeDir, removeRuntimeDirs, until } from "../programs/child.ts";
import { childSource } from "../programs/remote-source.ts";

const frame = { format: "GRAY8", width: 64, height: 64 } as const;
const hourNs = 3_600_000_000_000n;

const hooks = fileURLToPath(new URL("../../build/hooks/Release/edgestream.node", import.meta.url));
const noHooks = !existsSync(hooks);
if (noHooks) console.log(`skipped: a clock that jumps needs the build with ES_TEST_HOOKS at ${hooks}`);

afterEach(endChildren);
afterAll(removeRuntimeDirs);

/** A producer in whose life the clock is set by so many hours. */
async function live(runtimeDir: string, hours: number) {
  const env = { EDGESTREAM_ADDON: hooks, ES_TEST_CLOCK_SET_BY: String(hours * 3600) };
  const source = await childSource({ env });
  await source.create({ name: "timeless", runtimeDir, frame });
  await source.connect();
  return source;
}

describe.skipIf(noHooks)("the clock", () => {
  test("goes back, and forwards: each life has its own epoch, and what was missed is counted from 1", async () => {
    const runtimeDir = makeRuntimeDir();
    const first = await live(runtimeDir, 0);
    const stream = await openStream("timeless", { runtimeDir, mode: "fifo", reconnect: { firstMs: 20, maxMs: 20 } });
    const consumer = await stream.connectConsumer();
    await until("it is seated", () => consumer.state === "empty");
    await first.post(3);
    const epochs: bigint[] = [];
    for (let number = 1n; number <= 3n; number++) {
      const got = await consumer.acquire();
      expect(got.number).toBe(number);
      epochs[0] = got.epoch;
    }
    let last = first;
    for (const hours of [-2, 3]) {
      last.child.kill();
      await last.child.exit;
      last = await live(runtimeDir, hours);
      await until("it came back", async () => (await last.stats()).connections[0]?.state === "empty");
      await last.post();
      const got = await consumer.acquire({ timeoutMs: 10_000 });
      expect(got).toMatchObject({ number: 1n, skipped: 0n });
      epochs.push(got.epoch);
      expect(consumer.stats()).toMatchObject({ epoch: got.epoch, missed: 0n });
    }
    const [now = 0n, before = 0n, after = 0n] = epochs;
    expect(before).toBeLessThan(now - hourNs);
    expect(after).toBeGreaterThan(now + hourNs);
    await stream.close();
    await last.close();
  }, 60_000);
});
