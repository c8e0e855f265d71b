/** As many consumers as the producer allows, of every mode, each in a process of its own; and one more. */
import { afterAll, afterEach, expect, test } from "vitest";
import { endChildren, makeRuntimeDir, removeRuntimeDirs, until } from "../programs/child.ts";
import { complete, dismiss, listen, reportOf, startSink } from "./crowd.ts";

const maxConsumers = 32;
const frames = 400;
const frame = { format: "NV12", width: 320, height: 240 } as const;
const orders = [
  { consumer: { mode: "fifo", fifoLength: 4 } },
  { consumer: { mode: "mailbox" } },
  { consumer: { mode: "broadcast", capacity: 8 } },
  { consumer: { mode: "fifo", fifoLength: 8, maxHeld: 3 }, hold: 2 },
] as const;

afterEach(endChildren);
afterAll(removeRuntimeDirs);

test("32 consumers of mixed modes are served; the 33rd is refused with a clear error", async () => {
  const runtimeDir = makeRuntimeDir();
  const source = await listen({ name: "crowd", runtimeDir, frame, accept: { maxConsumers } });
  const sinks = Array.from({ length: maxConsumers }, (_, index) => {
    const order = orders[index % orders.length] ?? orders[0];
    return { mode: order.consumer.mode, sink: startSink("crowd", runtimeDir, order) };
  });
  await until(
    "all are seated",
    async () => {
      return (await source.stats()).connections.filter(({ state }) => state === "empty").length === maxConsumers;
    },
    60_000,
  );
  const onTooMany = startSink("crowd", runtimeDir, { consumer: { mode: "mailbox" } });
  const refusal = await onTooMany.line("error");
  expect(refusal).toMatchObject({ code: "ERR_REFUSED", message: expect.stringContaining("32 of 32 consumers") });
  expect(refusal.message).toContain("accept.maxConsumers");
  const ran = await source.run(frames, 60);
  await source.closeInput();
  const reports = await Promise.all(sinks.map(async ({ mode, sink }) => ({ mode, report: await reportOf(sink) })));
  const { pool, connections } = await source.stats();
  const read = (wanted: string) => reports.filter(({ mode }) => mode === wanted).map(({ report }) => report.frames);
  console.log(
    `${maxConsumers} consumers, ${frames} frames at ${ran.fps.toFixed(1)} fps,`,
    `${pool.slots} slots in ${pool.memoryObjects} memory objects;`,
    `frames read: fifo ${read("fifo")}, mailbox ${read("mailbox")}, broadcast ${read("broadcast")}`,
  );
  for (const { mode, report } of reports) {
    expect(report).toMatchObject({ torn: 0, misnumbered: 0, last: frames, end: "ended" });
    expect(report.frames + report.skipped).toBe(frames);
    if (mode === "fifo") expect(report).toEqual(complete(frames));
  }
  for (const { posted, delivered, skipped, discarded, waiting } of connections) {
    expect(delivered + skipped + discarded + waiting).toBe(posted);
  }
  await Promise.all(sinks.map(({ sink }) => sink.ended()));
  await until("all slots are free again", async () => {
    const after = (await source.stats()).pool;
    return after.slotsFree === after.slots;
  });
  await dismiss(source);
}, 180_000);
