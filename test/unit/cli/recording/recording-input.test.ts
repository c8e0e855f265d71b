/** A recording as an input: times, loops, and what is said of one that is damaged, cut or not there. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { FrameTimes } from "../../../../sdk/cli/frame-input.ts";
import { type FrameToRecord, Recording } from "../../../../sdk/cli/recording/recording.ts";
import { RecordingInput, type RecordingInputOptions } from "../../../../sdk/cli/recording/recording-input.ts";
import { fifoPipes } from "../fifo-pipes.ts";
import { plainFrame, plainLayout } from "../plain-frames.ts";

const folder = mkdtempSync(join(tmpdir(), "edgestream-recording-"));
afterAll(() => rmSync(folder, { recursive: true }));

const layout = plainLayout("GRAY8", 8, 4);
const ms = 1_000_000n;

/** Posted at 100, 110, 150, 155 ms: frame 3 was late. Each picture was 2 ms old. */
const postedMs = [100n, 110n, 150n, 155n];

function frameAt(index: number): FrameToRecord {
  const posted = (postedMs[index] ?? 0n) * ms;
  return {
    ...plainFrame(layout, index + 1),
    ...{ number: BigInt(index + 1), skipped: index === 2 ? 3n : 0n, size: layout.size, layoutId: 1, epoch: 5n },
    ...{ pts: BigInt(index) * 33n * ms, duration: 33n * ms },
    metadata: index === 0 ? new Uint8Array([9, 8]) : new Uint8Array(0),
    timestamps: { captured: posted - 2n * ms, posted, acquired: posted },
  };
}

async function record(name: string, finish = true): Promise<string> {
  const path = join(folder, name);
  const target = { path, container: "raw" as const, force: true, name: "cam", dialect: undefined };
  const recording = await Recording.create(target, layout);
  for (const index of postedMs.keys()) await recording.write(frameAt(index));
  if (finish) await recording.finish("ended");
  return path;
}

function open(path: string, more: Partial<RecordingInputOptions> = {}): RecordingInput {
  return new RecordingInput({ path, from: 1, verify: true, loop: false, speed: 1, pipes: fifoPipes, ...more });
}

/** Times of the frames, and the first byte of each. */
async function readAll(input: RecordingInput, most = 100) {
  const all: (FrameTimes & { byte: number | undefined })[] = [];
  const slot = plainFrame(layout);
  try {
    await input.open();
    while (all.length < most) {
      const times = await input.read(slot);
      if (!times) break;
      all.push({ ...times, byte: slot.data[0] });
    }
    return all;
  } finally {
    await input.close();
  }
}

test("frames come with their bytes, pts, duration, size, metadata and age", async () => {
  const input = open(await record("plain.raw"));
  expect(await input.open()).toEqual({ format: "GRAY8", width: 8, height: 4 });
  const frames = await readAll(open(await record("plain.raw")));
  expect(frames.map((frame) => frame.byte)).toEqual([1, 2, 3, 4]);
  expect(frames.map((frame) => frame.pts)).toEqual([0n, 33n * ms, 66n * ms, 99n * ms]);
  expect(frames.every((frame) => frame.duration === 33n * ms && frame.age === 2n * ms && frame.size === 32)).toBe(true);
  expect(frames.map((frame) => frame.metadata && [...frame.metadata])).toEqual([
    [9, 8],
    undefined,
    undefined,
    undefined,
  ]);
  await input.close();
});

test("frames are due with the distances at which they were posted, divided by the speed", async () => {
  const path = await record("due.raw");
  const due = async (speed: number) => (await readAll(open(path, { speed }))).map((frame) => frame.due);
  expect(await due(1)).toEqual([0n, 10n * ms, 50n * ms, 55n * ms]);
  expect(await due(2)).toEqual([0n, 5n * ms, 25n * ms, 27_500_000n]);
  expect(await due(0.5)).toEqual([0n, 20n * ms, 100n * ms, 110n * ms]);
});

test("a loop goes on in time, in both clocks", async () => {
  const frames = await readAll(open(await record("loop.raw"), { loop: true }), 9);
  expect(frames.map((frame) => frame.byte)).toEqual([1, 2, 3, 4, 1, 2, 3, 4, 1]);
  expect(frames.map((frame) => (frame.pts ?? -1n) / ms)).toEqual([0n, 33n, 66n, 99n, 132n, 165n, 198n, 231n, 264n]);
  expect(frames.map((frame) => (frame.due ?? -1n) / ms)).toEqual([0n, 10n, 50n, 55n, 60n, 70n, 110n, 115n, 120n]);
});

test("it begins where it is told, also after a loop; beyond the end there is nothing", async () => {
  const path = await record("from.raw");
  expect((await readAll(open(path, { from: 3, loop: true }), 5)).map((frame) => frame.byte)).toEqual([3, 4, 3, 4, 3]);
  await expect(readAll(open(path, { from: 5 }))).rejects.toMatchObject({ code: "ERR_NO_FRAMES" });
});

test("one changed bit is found, and can be let through", async () => {
  const path = await record("damaged.raw");
  const bytes = readFileSync(path);
  bytes[layout.size + 5] = (bytes[layout.size + 5] ?? 0) ^ 0x10;
  writeFileSync(path, bytes);
  await expect(readAll(open(path))).rejects.toMatchObject({
    code: "ERR_CHECKSUM",
    message: expect.stringContaining("frame 2 of"),
  });
  expect((await readAll(open(path, { verify: false }))).map((frame) => frame.byte)).toEqual([1, 2, 3, 4]);
});

test("a completed recording whose pixels are missing is an error; one that was cut short says so", async () => {
  const completed = await record("completed.raw");
  truncateSync(completed, layout.size * 2 + 1);
  await expect(readAll(open(completed))).rejects.toMatchObject({
    code: "ERR_TRUNCATED",
    message: expect.stringContaining("lacks the last 2"),
  });
  const cut = await record("cut.raw", false);
  truncateSync(cut, layout.size * 2 + 1);
  appendFileSync(`${cut}.jsonl`, '{"number":5,"ski');
  const input = open(cut);
  expect((await readAll(input)).map((frame) => frame.byte)).toEqual([1, 2]);
  expect(input.shortfall).toContain("2 more had not reached the file");
  const whole = open(await record("unfinished.raw", false));
  expect(await readAll(whole)).toHaveLength(4);
  expect(whole.shortfall).toContain("cut short");
  const finished = open(await record("finished.raw"));
  await readAll(finished);
  expect(finished.shortfall).toBeUndefined();
});

test("a header that does not fit the frames, or the file's name, is refused", async () => {
  const path = await record("header.raw");
  const lines = readFileSync(`${path}.jsonl`, "utf8");
  writeFileSync(`${path}.jsonl`, lines.replace('"frameBytes":32', '"frameBytes":31'));
  await expect(readAll(open(path))).rejects.toMatchObject({ code: "ERR_BAD_RECORDING" });
  writeFileSync(`${path}.jsonl`, lines.replace('"container":"raw"', '"container":"y4m"'));
  await expect(open(path).open()).rejects.toThrow("was recorded as .y4m");
  writeFileSync(`${path}.jsonl`, lines.replaceAll('"size":32', '"size":33'));
  await expect(readAll(open(path))).rejects.toThrow("frame 1 has 33 bytes");
});

test("files that are not there are told apart", async () => {
  await expect(open(join(folder, "nothing.raw")).open()).rejects.toThrow("there is no file");
  const path = await record("alone.raw");
  rmSync(`${path}.jsonl`);
  await expect(open(path).open()).rejects.toThrow("is streamed with source");
});

test("close() ends a recording in the middle", async () => {
  const input = open(await record("closed.raw"), { loop: true });
  await input.open();
  const slot = plainFrame(layout);
  await input.read(slot);
  await input.close();
  expect(await input.read(slot)).toBeUndefined();
});

test("a format that changes in the middle is an error; what was written stays", async () => {
  const path = join(folder, "changes.raw");
  const target = { path, container: "raw" as const, force: true, name: "cam", dialect: undefined };
  const recording = await Recording.create(target, layout);
  await recording.write(frameAt(0));
  const larger = plainLayout("GRAY8", 8, 5);
  const changed = { ...frameAt(1), ...plainFrame(larger), size: larger.size };
  await expect(recording.write(changed)).rejects.toMatchObject({ code: "ERR_BAD_MATCH" });
  await recording.finish("failed");
  expect(await readAll(open(path))).toHaveLength(1);
});
