/** A preset fills in what the application left open, and nothing else. */
import { type CreateStreamOptions, createStream, openStream } from "edgestream";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { endChildren, makeRuntimeDir, removeRuntimeDirs } from "../programs/child.ts";
import { localSource } from "../programs/remote-source.ts";
import { frame } from "./places.ts";

const ends: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  await endChildren();
});
afterAll(removeRuntimeDirs);

type ModePart = Pick<CreateStreamOptions, "preset" | "mode" | "fifoLength" | "capacity" | "maxHeld" | "whenFull">;

/** A consumer of a stream with these options, given where it is made or where it is opened. */
async function consume(reach: "in process" | "ipc", options: ModePart) {
  const runtimeDir = makeRuntimeDir();
  const source = localSource();
  const own = reach === "in process" ? options : {};
  await source.create({ frame, name: "preset", runtimeDir, ...own });
  ends.push(() => source.close());
  await source.connect();
  await source.post(1);
  const { stream: made } = source.source;
  const stream = reach === "ipc" ? await openStream("preset", { runtimeDir, ...options }) : made;
  ends.push(() => stream.close());
  return { source, consumer: await stream.connectConsumer() };
}

describe.each(["in process", "ipc"] as const)("%s", (reach) => {
  test("realtime: the newest frame at once, then always the newest", async () => {
    const { source, consumer } = await consume(reach, { preset: "realtime" });
    expect((await consumer.acquire()).number).toBe(1n);
    await source.post(5);
    expect((await consumer.acquire()).number).toBe(6n);
    expect(consumer.stats()).toMatchObject({ mode: "mailbox", skipped: 4n });
  });

  test("balanced: in order, 16 wait, the oldest are skipped", async () => {
    const { source, consumer } = await consume(reach, { preset: "balanced" });
    expect((await consumer.acquire()).number).toBe(1n);
    await source.post(18);
    expect((await consumer.acquire()).number).toBe(4n);
    expect(consumer.stats()).toMatchObject({ mode: "broadcast", skipped: 2n, waiting: 15n });
  });

  test("reliable: 16 wait, then the producer does; what waits outlives the producer", async () => {
    const { source, consumer } = await consume(reach, { preset: "reliable" });
    await source.post(16);
    await expect(source.post(1, { timeoutMs: 0 })).rejects.toMatchObject({ code: "ERR_TIMEOUT" });
    await source.closeProducer();
    for (let number = 2n; number <= 17n; number++) expect((await consumer.acquire()).number).toBe(number);
    expect(consumer.stats()).toMatchObject({ mode: "fifo", skipped: 0n, discarded: 0n });
  });

  test("explicit options win, and another mode leaves the preset's own queue behind", async () => {
    const shorter = await consume(reach, { preset: "reliable", fifoLength: 2, whenFull: "drop" });
    await shorter.source.post(3);
    expect(shorter.consumer.stats()).toMatchObject({ mode: "fifo", waiting: 2n, discarded: 1n });
    const other = await consume(reach, { preset: "reliable", mode: "broadcast", capacity: 2 });
    await other.source.post(3);
    expect(other.consumer.stats()).toMatchObject({ mode: "broadcast", waiting: 2n, skipped: 1n });
  });
});

test("an unknown preset, and an option of a mode that the preset does not have, are ERR_BAD_PARAMETER", async () => {
  const badParameter = { code: "ERR_BAD_PARAMETER" };
  await expect(createStream({ preset: "fast" as never })).rejects.toMatchObject(badParameter);
  await expect(createStream({ preset: "realtime", fifoLength: 2 })).rejects.toMatchObject(badParameter);
});
