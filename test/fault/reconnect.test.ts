/** Consumers that look for their producer's next life: how long they try, and what they say they missed. */
import { openStream } from "edgestream";
import { afterAll, afterEach, expect, test } from "vitest";
import { dismiss, listen } from "../integration/crowd.ts";
import { countFds, endChildren, makeRuntimeDir, removeRuntimeDirs, until, within } from "../programs/child.ts";
import { childSource } from "../programs/remote-source.ts";

const frame = { format: "GRAY8", width: 64, height: 64 } as const;

afterEach(endChildren);
afterAll(removeRuntimeDirs);

test("after the last attempt the iteration throws, and nothing is left open", async () => {
  const runtimeDir = makeRuntimeDir();
  const source = await listen({ name: "gone", runtimeDir, frame });
  const fds = countFds();
  const stream = await openStream("gone", { runtimeDir, reconnect: { firstMs: 20, attempts: 3 } });
  const consumer = await stream.connectConsumer();
  await until("it is seated", () => consumer.state === "empty");
  await source.post(1);
  const read = async () => {
    for await (const _frame of consumer) source.child.kill();
  };
  const lost = { code: "ERR_PRODUCER_LOST", reason: "closed", message: expect.stringContaining("within 3 attempts") };
  await expect(within("the end of the attempts", read())).rejects.toMatchObject(lost);
  expect(consumer.stats()).toMatchObject({ reconnects: 0, cause: "producer-lost", lifetime: { connections: 1 } });
  await stream.close();
  await source.child.exit;
  await until("its descriptors are closed", () => countFds() <= fds);
}, 60_000);

test("two deaths: each return counts, and what the new life posted before it is missed", async () => {
  const runtimeDir = makeRuntimeDir();
  const posted = 5; // by each life, before the consumer may come back
  const heirs = [await childSource(), await childSource()];
  const first = await listen({ name: "mortal", runtimeDir, frame });
  const reconnect = { firstMs: 2000, maxMs: 2000, jitter: 0 };
  const stream = await openStream("mortal", { runtimeDir, mode: "fifo", reconnect });
  const consumer = await stream.connectConsumer();
  const ids = [consumer.connection];
  consumer.on("reconnected", ({ connection }) => ids.push(connection));
  await until("it is seated", () => consumer.state === "empty");
  await first.post(3);
  for (let number = 1n; number <= 3n; number++) expect((await consumer.acquire()).number).toBe(number);
  let last = first;
  for (const [index, heir] of heirs.entries()) {
    last.child.kill();
    await last.child.exit;
    await heir.create({ name: "mortal", runtimeDir, frame });
    await heir.connect();
    await heir.post(posted);
    expect((await heir.stats()).noConsumer).toBe(BigInt(posted));
    await until("it came back", async () => (await heir.stats()).connections[0]?.state === "empty");
    expect(consumer.stats()).toMatchObject({ reconnects: index + 1, missed: undefined });
    await heir.post(2);
    expect((await consumer.acquire()).number).toBe(6n);
    expect((await consumer.acquire()).number).toBe(7n);
    expect(consumer.stats()).toMatchObject({
      missed: BigInt(posted * (index + 1)),
      previous: ids[index],
      posted: 2n,
      lifetime: { connections: index + 2, posted: BigInt(5 + 2 * index), delivered: BigInt(5 + 2 * index) },
    });
    last = heir;
  }
  await stream.close();
  await dismiss(last);
}, 90_000);
