/** Full HD at 120 frames per second to four processes: nothing torn, nothing missing. */
import { afterAll, afterEach, expect, test } from "vitest";
import { endChildren, makeRuntimeDir, removeRuntimeDirs, until } from "../programs/child.ts";
import { complete, dismiss, listen, reportOf, startSink } from "./crowd.ts";

const frames = 2000;
const fps = 120;
const fifo = { consumer: { mode: "fifo", fifoLength: 8 } } as const;

afterEach(endChildren);
afterAll(removeRuntimeDirs);

async function seats(source: Awaited<ReturnType<typeof listen>>, count: number): Promise<void> {
  await until(`${count} consumers are seated`, async () => {
    const { connections } = await source.stats();
    return connections.filter(({ state }) => state === "empty").length === count;
  });
}

test("1 producer, 4 FIFO consumers, 2000 frames of 1080p NV12: 0 torn, 0 missing", async () => {
  const runtimeDir = makeRuntimeDir();
  const source = await listen({ name: "hd", runtimeDir });
  const sinks = [1, 2, 3, 4].map(() => startSink("hd", runtimeDir, fifo));
  await seats(source, 4);
  const ran = await source.run(frames, fps);
  await source.closeInput();
  const reports = await Promise.all(sinks.map(reportOf));
  console.log(
    `4 FIFO consumers, whole frame by CRC: ${frames} frames at ${ran.fps.toFixed(1)} fps (asked for ${fps}),`,
  );
  console.log(
    `  ${reports.map(({ frames, torn, skipped }) => `${frames} read, ${torn} torn, ${skipped} missing`).join("; ")}`,
  );
  for (const report of reports) expect(report).toEqual(complete(frames));
  await Promise.all(sinks.map((sink) => sink.ended()));
  await dismiss(source);
}, 150_000);

test("a mailbox consumer that holds each frame for 200 ms costs nobody a frame, and none changes", async () => {
  const runtimeDir = makeRuntimeDir();
  const source = await listen({ name: "hd", runtimeDir });
  const sinks = [1, 2, 3, 4].map(() => startSink("hd", runtimeDir, fifo));
  const sleeper = startSink("hd", runtimeDir, { consumer: { mode: "mailbox" }, sleepMs: 200 });
  await seats(source, 5);
  const ran = await source.run(frames, fps);
  await source.closeInput();
  const reports = await Promise.all(sinks.map(reportOf));
  const slow = await reportOf(sleeper);
  console.log(`with a sleeping mailbox consumer: ${frames} frames at ${ran.fps.toFixed(1)} fps (asked for ${fps}),`);
  console.log(
    `  ${reports.map(({ frames, torn, skipped }) => `${frames} read, ${torn} torn, ${skipped} missing`).join("; ")}`,
  );
  console.log(`  the sleeper: ${slow.frames} read, ${slow.torn} torn, ${slow.skipped} skipped`);
  for (const report of reports) expect(report).toEqual(complete(frames));
  expect(slow).toMatchObject({ torn: 0, misnumbered: 0, end: "ended", last: frames });
  expect(slow.frames + slow.skipped).toBe(frames);
  expect(slow.frames).toBeGreaterThan(1);
  await Promise.all([...sinks, sleeper].map((sink) => sink.ended()));
  await dismiss(source);
}, 150_000);
