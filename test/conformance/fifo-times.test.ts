/** EGL: in a FIFO, presentation times increase. A strict stream holds its producer to it. */
import { type Consumer, openStream, type Stream } from "edgestream";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { endChildren, makeRuntimeDir, removeRuntimeDirs, until } from "../programs/child.ts";
import { localSource } from "../programs/remote-source.ts";
import { frame } from "./places.ts";

const badParameter = { code: "ERR_BAD_PARAMETER" };
const ends: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  await endChildren();
});
afterAll(removeRuntimeDirs);

/** A strict stream wants its consumer first, so this is no bench. */
async function pair(reach: "in process" | "ipc", mode: "fifo" | "mailbox", strict = true) {
  const runtimeDir = makeRuntimeDir();
  const source = localSource();
  await source.create({ frame, strict, name: "times", runtimeDir });
  ends.push(() => source.close());
  const stream: Stream = reach === "ipc" ? await openStream("times", { runtimeDir }) : source.source.stream;
  ends.push(() => stream.close());
  const consumer: Consumer = await stream.connectConsumer({ mode });
  await source.connect();
  await until("both ends have met", () => consumer.state === "empty");
  return { source, consumer };
}

describe.each(["in process", "ipc"] as const)("%s", (reach) => {
  test("strict fifo: a pts that does not increase is ERR_BAD_PARAMETER, and nothing is posted", async () => {
    const { source, consumer } = await pair(reach, "fifo");
    await source.post(1, { pts: 100n });
    await expect(source.post(1, { pts: 100n })).rejects.toMatchObject(badParameter);
    await expect(source.post(1, { pts: 99n })).rejects.toMatchObject(badParameter);
    expect((await source.stats()).frames).toBe(1n);
    await source.post(1, { pts: 101n });
    await source.post(1); // without a pts there is nothing to compare
    await expect(source.post(1, { pts: 101n })).rejects.toMatchObject(badParameter);
    const times = [];
    for (let index = 0; index < 3; index++) times.push((await consumer.acquire()).pts);
    expect(times).toEqual([100n, 101n, undefined]);
  });

  test("strict mailbox, and fifo without strict: a pts may go back", async () => {
    for (const [mode, strict] of [
      ["mailbox", true],
      ["fifo", false],
    ] as const) {
      const { source, consumer } = await pair(reach, mode, strict);
      await source.post(1, { pts: 100n });
      (await consumer.acquire()).release();
      await source.post(1, { pts: 50n });
      expect((await consumer.acquire()).pts).toBe(50n);
    }
  });
});
