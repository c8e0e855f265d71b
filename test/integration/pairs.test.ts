/** A million frames through one process leave nothing behind. */
import { afterEach, expect, test } from "vitest";
import { endChildren, run } from "../programs/child.ts";

interface Measure {
  heapUsed: number;
  external: number;
  arrayBuffers: number;
  rssAnon: number;
  fds: number;
}

const mebi = (bytes: number) => `${(bytes / 2 ** 20).toFixed(2)} MiB`;

afterEach(endChildren);

test("1000000 post/acquire pairs: no growth of heap, array buffers or descriptors", async () => {
  const count = 1_000_000;
  const child = run("pairs.mjs", { count }, { nodeArguments: ["--expose-gc"], watchdogMs: 120_000 });
  const done = await child.line("done");
  await child.ended();
  const [first, ...later] = done.measures as [Measure, ...Measure[]];
  console.log(`${count} pairs, ${done.pairsPerSecond} per second; after each quarter:`);
  for (const { heapUsed, external, rssAnon, fds } of [first, ...later]) {
    console.log(`  heap ${mebi(heapUsed)}, external ${mebi(external)}, anonymous ${mebi(rssAnon)}, descriptors ${fds}`);
  }
  expect(done.wrong).toBe(0);
  expect(done.delivered).toBe(count);
  for (const measure of later) {
    // One leaked byte per frame would be a quarter of a megabyte per quarter.
    expect(measure.heapUsed - first.heapUsed).toBeLessThan(count / 4);
    expect(measure.external - first.external).toBeLessThan(count / 4);
    expect(measure.arrayBuffers).toBe(first.arrayBuffers);
    expect(measure.rssAnon - first.rssAnon).toBeLessThan(32 * 2 ** 20); // the collector keeps some room of its own
    expect(measure.fds).toBe(first.fds);
  }
}, 130_000);
