/** A lease that nobody can reach any more is given back, and said once; one that somebody can reach is not. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { BindingHost } from "../../sdk/binding-host.ts";
import { Consumer } from "../../sdk/consumer.ts";
import { Producer } from "../../sdk/producer.ts";
import { FakeBinding, FakeConsumer, FakeProducer } from "./fake-binding.ts";
import { plainSetup } from "./plain-setup.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

async function until(condition: () => boolean): Promise<void> {
  const limit = performance.now() + 10_000;
  while (!condition() && performance.now() < limit) {
    collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test("frames and their views keep a lease; without either it is given back, with one warning", async () => {
  const warnings: { code?: string }[] = [];
  process.on("warning", (warning: Error & { code?: string }) => warnings.push(warning));
  const binding = new FakeBinding();
  const host = new BindingHost(binding.asNative());
  const native = new FakeConsumer(binding, 3);
  const consumer = new Consumer(host, native, {
    strict: false,
    wait: "event",
    comeback: undefined,
    onClosed: () => {},
    ...plainSetup,
  });
  for (const number of [1n, 2n, 3n]) native.deliver(number);

  const kept = await consumer.acquire();
  const view = await consumer.acquire().then((frame) => frame.planes[0]?.data); // the frame itself is forgotten
  await consumer.acquire().then((frame) => frame.data.length); // everything is
  await until(() => native.released.length > 0);
  expect(native.released).toEqual([2]);
  expect(kept.released).toBe(false);
  expect(view?.[0]).toBe(2); // still what it was

  const slots = new FakeProducer(binding);
  const producer = new Producer(host, slots.asNative(), { onClosed: () => {}, flush: async () => {} });
  await producer.acquire().then((frame) => frame.data.fill(1));
  await until(() => slots.discarded.length > 0);
  expect(slots.discarded).toEqual([1]);

  const leaseWarnings = warnings.filter(({ code }) => code === "EDGESTREAM_LEASE");
  expect(leaseWarnings).toHaveLength(1);
  expect(kept.data[0]).toBe(1);
});
