/** record, replay and record again through the real commands: the same frames, whatever the format and the file. */
import { execFileSync, spawnSync } from "node:child_process";
import { randomBytes, randomInt } from "node:crypto";
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { createStream, type FrameSpec, openStream, type PostOptions } from "edgestream";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Child, endChildren, until } from "../programs/child.ts";
import { sameAgain, Workplace } from "./recordings.ts";

let place: Workplace;

const clips = {
  "B-frames": ["-f", "lavfi", "-i", "testsrc2=size=640x360:rate=30:duration=2", "-c:v", "libx264", "-bf", "3"],
  "odd size": ["-f", "lavfi", "-i", "testsrc2=size=641x359:rate=25:duration=1", "-c:v", "libx264rgb", "-bf", "2"],
  // Every third frame is missing, and the rest keep their times.
  "variable rate": [
    ...["-f", "lavfi", "-i", "testsrc2=size=320x240:rate=30:duration=2", "-vf", "select='mod(n,3)'"],
    ...["-fps_mode", "vfr", "-c:v", "libx264", "-bf", "2"],
  ],
} as const;

const formats = ["NV12", "I420", "P010", "YUY2", "RGB", "BGR", "RGBA", "BGRA", "GRAY8", "GRAY16"] as const;
type Format = (typeof formats)[number];
/** One per way that pixels lie in memory; the others in `npm run test:long`. */
const oneOfAKind = ["NV12", "I420", "P010", "YUY2", "RGB", "GRAY16"] as const;
const triedFormats = process.env["EDGESTREAM_LONG"] === "1" ? formats : oneOfAKind;
const inY4m: readonly Format[] = ["NV12", "I420", "P010", "GRAY8", "GRAY16"];

function clip(name: keyof typeof clips): string {
  return place.path(`${name.replace(/\W/g, "-")}.mkv`);
}

beforeAll(() => {
  place = new Workplace();
  for (const name of Object.keys(clips) as (keyof typeof clips)[]) {
    execFileSync("ffmpeg", ["-nostdin", "-loglevel", "error", ...clips[name], "-y", clip(name)]);
  }
});
afterEach(endChildren);
afterAll(() => place.remove());

const framemd5 = (stream: string, file: string) => ["pull", stream, "--as", "framemd5", "--out", place.path(file)];
const record = (stream: string, file: string, ...more: string[]) => {
  return ["record", stream, place.path(file), "--quiet", "--force", ...more];
};
const replay = (file: string, ...more: string[]) => ["replay", place.path(file), "--name", "again", ...more];

/** Records in every kind of file that holds the format, replays each, and records that as plain bytes. */
async function expectRoundTrip(source: string[], format: Format, frameCount: number): Promise<void> {
  const endings = ["raw", "mkv", ...(inY4m.includes(format) ? ["y4m"] : [])];
  await place.run(
    ["source", ...source, "--name", "first", "--format", format],
    framemd5("first", "first.md5"),
    ...endings.map((ending) => record("first", `first.${ending}`)),
  );
  const rows = place.sidecar("first.raw").frames.map(sameAgain);
  expect(rows).toHaveLength(frameCount);
  for (const ending of endings) {
    await place.run(replay(`first.${ending}`, "--fast"), framemd5("again", "again.md5"), record("again", "again.raw"));
    expect(place.sidecar(`first.${ending}`).frames.map(sameAgain), ending).toEqual(rows);
    expect(place.sidecar("again.raw").frames.map(sameAgain), ending).toEqual(rows);
    expect(readFileSync(place.path("again.md5"), "utf8"), ending).toBe(readFileSync(place.path("first.md5"), "utf8"));
    const same = readFileSync(place.path("again.raw")).equals(readFileSync(place.path("first.raw")));
    expect(same, `${ending}: pixels byte for byte`).toBe(true);
  }
}

describe("source, record, replay, record", () => {
  test.each(triedFormats)("test: as %s, odd size", async (format) => {
    await expectRoundTrip(["test:", "--size", "161x91", "--count", "12", "--no-realtime"], format, 12);
  });

  test.each([
    ["B-frames", "NV12", 60],
    ["odd size", "NV12", 25],
    ["odd size", "YUY2", 25],
    ["variable rate", "RGB", 40],
  ] as const)("clip with %s as %s", async (name, format, frameCount) => {
    await expectRoundTrip([clip(name)], format, frameCount);
  });
});

interface Sent extends PostOptions {
  bytes: Uint8Array;
}

/** Frames with everything at its extremes. */
function makeFrames(count: number, bytesOf: () => number): Sent[] {
  const extremes = [0n, 1n, -1n, 2n ** 63n - 1n, -(2n ** 63n) + 1n, 2n ** 53n + 1n];
  return Array.from({ length: count }, (_, index) => {
    const pts = extremes[index] ?? BigInt(randomInt(2 ** 40));
    const length = [0, 1, 4095, 4096][index] ?? randomInt(4097);
    return {
      bytes: new Uint8Array(randomBytes(bytesOf())),
      ...(index % 7 !== 6 && { pts }),
      duration: index === 1 ? 2n ** 63n - 1n : BigInt(randomInt(2 ** 30)),
      ...(length > 0 && { metadata: new Uint8Array(randomBytes(length)) }),
    };
  });
}

/** Posts them to recorders; the stream ends when they have everything. */
async function postTo(frame: FrameSpec, frames: readonly Sent[], files: readonly string[]): Promise<void> {
  const stream = await createStream({ name: "posted", runtimeDir: place.runtimeDir, frame });
  const producer = await stream.connectProducer();
  const recorders = files.map((file) => place.edgestream(record("posted", file)));
  await until("the recorders are connected", () => connected(producer.stats().connections) === files.length);
  for (const { bytes, ...options } of frames) await producer.push(bytes, options);
  await producer.closeInput();
  await Promise.all(recorders.map((recorder) => recorder.ended()));
  await stream.close();
}

function connected(connections: readonly { state: string }[]): number {
  return connections.filter(({ state }) => state === "empty").length;
}

async function expectReplayed(file: string, frame: FrameSpec, frames: readonly Sent[]): Promise<void> {
  const child = place.edgestream(replay(file, "--fast", "--wait-consumers", "1", "--quiet"));
  const stream = await openStream("again", { mode: "fifo", runtimeDir: place.runtimeDir });
  const consumer = await stream.connectConsumer();
  expect(consumer.layout).toMatchObject(frame);
  let index = 0;
  for await (const got of consumer) {
    const sent = frames[index];
    index += 1;
    expect(Buffer.compare(got.data, sent?.bytes ?? new Uint8Array(0)), `${file}: pixels of frame ${index}`).toBe(0);
    expect(got.pts).toBe(sent?.pts);
    expect(got.duration).toBe(sent?.duration);
    expect(Buffer.compare(got.metadata, sent?.metadata ?? new Uint8Array(0)), `metadata of frame ${index}`).toBe(0);
  }
  expect(index).toBe(frames.length);
  await child.ended();
  await stream.close();
}

describe("what an application posts", () => {
  test("pixels of noise, any pts, duration and metadata", async () => {
    const frame: FrameSpec = { format: "P010", width: 37, height: 21, timeBase: { num: 1001, den: 30_000 } };
    const frames = makeFrames(40, () => 2 * (37 * 21 + 2 * 19 * 11));
    const files = ["posted.mkv", "posted.y4m", "posted.raw"];
    await postTo(frame, frames, files);
    for (const file of files) await expectReplayed(file, frame, frames);
  });

  test("bytes of any length, in .raw; other files say so", async () => {
    const frame: FrameSpec = { format: "bytes", width: 70_000 };
    const frames = makeFrames(30, () => 1 + randomInt(70_000));
    await postTo(frame, frames, ["posted.raw"]);
    await expectReplayed("posted.raw", frame, frames);
    const stream = await createStream({ name: "posted", runtimeDir: place.runtimeDir, frame });
    await stream.connectProducer();
    for (const ending of ["mkv", "y4m"]) {
      const refused = place.edgestream(["record", "posted", place.path(`none.${ending}`)]);
      expect((await refused.exit).code).toBe(1);
      expect(refused.stderr).toContain(`ERR_BAD_MATCH: ${ending} cannot hold bytes frames; record to posted.raw`);
      expect(existsSync(place.path(`none.${ending}`))).toBe(false);
    }
    await stream.close();
  });

  test("a gap of a mailbox is recorded as one, and is a gap in time when it is replayed", async () => {
    const frame: FrameSpec = { format: "GRAY8", width: 64, height: 32 };
    const stream = await createStream({ name: "gap", runtimeDir: place.runtimeDir, frame });
    const producer = await stream.connectProducer();
    const recorder = place.edgestream(record("gap", "gap.raw", "--mode", "mailbox"));
    await until("the recorder is connected", () => connected(producer.stats().connections) === 1);
    await producer.push(randomBytes(64 * 32));
    await until("it has the first frame", () => place.recorded("gap.raw") === 1);
    recorder.kill("SIGSTOP");
    await sleep(200);
    for (let count = 0; count < 5; count += 1) await producer.push(randomBytes(64 * 32));
    recorder.kill("SIGCONT");
    await until("it has the newest", () => place.recorded("gap.raw") === 2);
    await producer.closeInput();
    await recorder.ended();
    await stream.close();
    const { frames } = place.sidecar("gap.raw");
    expect(frames.map(({ number, skipped }) => [number, skipped])).toEqual([
      [1, 0],
      [6, 4],
    ]);
    await place.run(replay("gap.raw"), record("again", "again.raw"));
    const again = place.sidecar("again.raw").frames;
    const gap = (rows: typeof frames) => (rows[1]?.posted ?? 0) - (rows[0]?.posted ?? 0);
    expect(gap(frames)).toBeGreaterThanOrEqual(200_000_000);
    // A timer is a millisecond early at most.
    expect(gap(again)).toBeGreaterThan(gap(frames) - 2_000_000);
    console.log(`  gap: recorded ${gap(frames) / 1e6} ms, replayed ${gap(again) / 1e6} ms`);
  });
});

describe("files", () => {
  async function recordTest(file: string, count: number, ...more: string[]): Promise<void> {
    const source = ["source", "test:", "--name", "bars", "--size", "128x64", "--count", String(count), "--no-realtime"];
    await place.run(source, record("bars", file, ...more));
  }

  test("--one-file is all that is needed, and a player still reads it", async () => {
    await recordTest("two.mkv", 20);
    await recordTest("one.mkv", 20, "--one-file");
    expect(existsSync(place.path("one.mkv.jsonl"))).toBe(false);
    expect(existsSync(place.path("one.mkv.part"))).toBe(false);
    await place.run(replay("one.mkv", "--fast"), record("again", "again.raw"));
    expect(place.sidecar("again.raw").frames.map(sameAgain)).toEqual(place.sidecar("two.mkv").frames.map(sameAgain));
    const count = ["-v", "error", "-count_frames", "-select_streams", "v", "-show_entries", "stream=nb_read_frames"];
    const read = execFileSync("ffprobe", [...count, "-of", "csv=p=0", place.path("one.mkv")], { encoding: "utf8" });
    expect(read.trim()).toBe("20");
  });

  test("--from, --count and --loop", async () => {
    for (const file of ["part.mkv", "part.raw"]) {
      await recordTest(file, 10);
      const hashes = place.sidecar(file).frames.map(({ crc32 }) => crc32);
      await place.run(replay(file, "--fast", "--from", "4", "--count", "5"), record("again", "again.raw"));
      expect(place.sidecar("again.raw").frames.map(({ crc32 }) => crc32)).toEqual(hashes.slice(3, 8));
      await place.run(replay(file, "--fast", "--from", "8", "--loop", "--count", "7"), record("again", "again.raw"));
      const looped = place.sidecar("again.raw").frames;
      const end = hashes.slice(7);
      expect(looped.map(({ crc32 }) => crc32)).toEqual([...end, ...end, ...end.slice(0, 1)]);
      const pts = looped.map((row) => Number(row.pts));
      expect(pts).toEqual([...pts].sort((a, b) => a - b));
    }
  });

  test("a damaged frame ends the replay with its code, and consumers see a broken stream", async () => {
    await recordTest("damaged.mkv", 10);
    const bytes = readFileSync(place.path("damaged.mkv"));
    const middle = Math.floor(bytes.length / 2);
    bytes.writeUInt8(bytes.readUInt8(middle) ^ 0x04, middle);
    writeFileSync(place.path("damaged.mkv"), bytes);
    const reader = place.edgestream(["pull", "again", "--as", "null"]);
    const player = place.edgestream(replay("damaged.mkv", "--fast", "--wait-consumers", "1"));
    expect((await player.exit).code).toBe(1);
    expect(player.stderr).toMatch(/ERR_CHECKSUM: frame \d+ of .* is damaged/);
    expect((await reader.exit).code).toBe(1);
    expect(reader.stderr).toContain("ERR_PRODUCER_LOST");
    await place.run(replay("damaged.mkv", "--fast", "--no-verify"), record("again", "again.raw"));
    expect(place.sidecar("again.raw").frames).toHaveLength(10);
  });

  test("a file that is there stays, unless --force says otherwise", async () => {
    await recordTest("kept.raw", 3);
    const before = statSync(place.path("kept.raw"));
    const refused = place.edgestream(["record", "bars", place.path("kept.raw")]);
    expect((await refused.exit).code).toBe(1);
    expect(refused.stderr).toContain("ERR_FILE_EXISTS");
    expect(statSync(place.path("kept.raw")).mtimeMs).toBe(before.mtimeMs);
    rmSync(place.path("kept.raw"));
    const sidecar = place.edgestream(["record", "bars", place.path("kept.raw")]);
    expect((await sidecar.exit).code).toBe(1);
    expect(sidecar.stderr).toContain(`kept.raw.jsonl" is there already`);
    await recordTest("kept.raw", 4);
    expect(place.sidecar("kept.raw").frames).toHaveLength(4);
  });

  test("y4m says which formats it does not hold", async () => {
    const source = place.edgestream(["source", "test:", "--name", "rgb", "--size", "64x32", "--format", "RGB"]);
    const recorder = place.edgestream(["record", "rgb", place.path("rgb.y4m")]);
    expect((await recorder.exit).code).toBe(1);
    expect(recorder.stderr).toContain("ERR_BAD_MATCH: y4m cannot hold RGB frames; record to rgb.mkv or rgb.raw");
    source.kill("SIGTERM");
    await source.ended();
  });

  test("without ffmpeg .mkv says how to install it, at once; .raw does not need it", () => {
    for (const args of [
      ["record", "none", place.path("none.mkv")],
      ["replay", clip("B-frames"), "--name", "none"],
    ]) {
      const env = { PATH: place.path("empty"), EDGESTREAM_RUNTIME_DIR: place.runtimeDir };
      const result = spawnSync(process.execPath, ["dist/sdk/cli/main.js", ...args], { env, encoding: "utf8" });
      expect(result.status).toBe(1);
      expect(result.stderr).toContain("ERR_NO_FFMPEG");
      expect(result.stderr).toContain("apt-get install ffmpeg");
    }
  });

  test("a video that was not recorded here is told apart", async () => {
    const player = place.edgestream(["replay", clip("B-frames"), "--name", "none"]);
    expect((await player.exit).code).toBe(1);
    expect(player.stderr).toMatch(/ERR_NOT_FOUND: .*\.jsonl" is not there; .* streamed with source/);
  });
});

/** The objects that a command with --json wrote. */
function eventsOf(child: Child): Promise<{ event: string; [field: string]: unknown }[]> {
  let text = "";
  child.process.stdout?.on("data", (more: string) => {
    text += more;
  });
  return child.exit.then(() =>
    text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line)),
  );
}

describe("ends", () => {
  test("--json says how it began, went and ended", async () => {
    const recorder = place.edgestream(["record", "json", place.path("json.raw"), "--count", "40", "--json"]);
    const events = eventsOf(recorder);
    const source = place.edgestream(["source", "test:", "--name", "json", "--size", "64x32", "--wait-consumers", "1"]);
    const all = await events;
    expect(all.map(({ event }) => event)).toEqual(expect.arrayContaining(["started", "progress", "ended"]));
    expect(all[0]).toMatchObject({ event: "started", name: "json", format: "NV12", width: 64, height: 32 });
    const bytes = statSync(place.path("json.raw")).size + statSync(place.path("json.raw.jsonl")).size;
    expect(all.at(-1)).toMatchObject({ event: "ended", why: "count", frames: 40, skipped: 0, bytes });
    source.kill("SIGTERM");
    await source.ended();
    expect(place.sidecar("json.raw").end).toMatchObject({ end: "count", frames: 40 });
  });

  test("--seconds and SIGTERM are good ends", async () => {
    const source = place.edgestream(["source", "test:", "--name", "ends", "--size", "64x32"]);
    await place.edgestream(record("ends", "seconds.mkv", "--seconds", "0.7")).ended();
    expect(place.sidecar("seconds.mkv").end?.end).toBe("seconds");
    const recorder = place.edgestream(record("ends", "asked.mkv"));
    await until("frames are recorded", () => place.recorded("asked.mkv") >= 5);
    recorder.kill("SIGTERM");
    await recorder.ended();
    const { frames, end } = place.sidecar("asked.mkv");
    expect(end).toMatchObject({ end: "asked", frames: frames.length });
    await place.run(replay("asked.mkv", "--fast"), record("again", "again.raw"));
    expect(place.sidecar("again.raw").frames).toHaveLength(frames.length);
    source.kill("SIGTERM");
    await source.ended();
  });

  test("a stream that ends without a frame leaves no files", async () => {
    const frame: FrameSpec = { format: "GRAY8", width: 64, height: 32 };
    const stream = await createStream({ name: "empty", runtimeDir: place.runtimeDir, frame });
    const producer = await stream.connectProducer();
    const recorder = place.edgestream(["record", "empty", place.path("empty.mkv")]);
    await until("the recorder is connected", () => connected(producer.stats().connections) === 1);
    await producer.closeInput();
    expect((await recorder.exit).code).toBe(1);
    expect(recorder.stderr).toContain("ERR_NO_FRAMES");
    expect(existsSync(place.path("empty.mkv"))).toBe(false);
    expect(existsSync(place.path("empty.mkv.jsonl"))).toBe(false);
    await stream.close();
  });

  test("--reconnect goes on in the producer's next life; without it that is a bad end", async () => {
    const bars = ["source", "test:", "--name", "lives", "--size", "64x32", "--fps", "60", "--quiet"];
    const first = place.edgestream(bars);
    const both = place.edgestream(record("lives", "both.mkv", "--reconnect"));
    const one = place.edgestream(record("lives", "one-life.mkv"));
    await until("both record", () => place.recorded("both.mkv") >= 5 && place.recorded("one-life.mkv") >= 5);
    first.kill("SIGKILL");
    expect((await one.exit).code).toBe(1);
    expect(one.stderr).toContain("ERR_PRODUCER_LOST");
    expect(place.sidecar("one-life.mkv").end?.end).toBe("producer-lost");
    const before = place.recorded("both.mkv");
    const second = place.edgestream(bars);
    await until("the second life is recorded", () => place.recorded("both.mkv") >= before + 5);
    both.kill("SIGINT");
    await both.ended();
    const { frames } = place.sidecar("both.mkv");
    expect(new Set(frames.map(({ epoch }) => epoch)).size).toBe(2);
    await place.run(replay("both.mkv", "--fast"), record("again", "again.raw"));
    expect(place.sidecar("again.raw").frames.map(sameAgain)).toEqual(frames.map(sameAgain));
    second.kill("SIGTERM");
    await second.ended();
  });
});
