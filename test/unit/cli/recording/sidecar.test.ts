import { Readable } from "node:stream";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  lineBytesMax,
  lineOf,
  makeHeader,
  parseLine,
  type RecordedFrame,
  type RecordingEnd,
} from "../../../../sdk/cli/recording/sidecar.ts";
import { SidecarReader } from "../../../../sdk/cli/recording/sidecar-reader.ts";
import { plainLayout } from "../plain-frames.ts";

const int64Max = 2n ** 63n - 1n;
const count = fc.bigInt({ min: 0n, max: int64Max });

const frames: fc.Arbitrary<RecordedFrame> = fc
  .record({
    number: fc.bigInt({ min: 1n, max: int64Max }),
    skipped: count,
    pts: fc.option(fc.bigInt({ min: -int64Max, max: int64Max })),
    duration: count,
    epoch: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    captured: count,
    posted: count,
    layout: fc.nat(),
    size: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
    crc32: fc.integer({ min: 0, max: 2 ** 32 - 1 }).map((value) => value.toString(16).padStart(8, "0")),
    metadata: fc.option(fc.uint8Array({ minLength: 1, maxLength: 4096 }), { nil: undefined }),
  })
  .map(({ metadata, ...rest }) => ({ ...rest, ...(metadata && { metadata }) }));

const header = makeHeader({
  version: "1.2.3",
  stream: "cam1",
  container: "raw",
  layout: plainLayout("NV12", 641, 359, { num: 1001, den: 30_000 }),
});
const end: RecordingEnd = { end: "ended", frames: 3n, skipped: 0n, at: "2026-01-01T00:00:00.000Z" };

/** Plain bytes, so that two typed arrays compare by content. */
function comparable(frame: RecordedFrame | undefined) {
  return frame && { ...frame, metadata: frame.metadata && [...frame.metadata] };
}

/** Cut at these places: a file is read in pieces of any size. */
function readerOf(text: string, ...cuts: number[]): SidecarReader {
  const bytes = Buffer.from(text);
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  const pieces = places.slice(1).map((place, index) => bytes.subarray(places[index], place));
  return new SidecarReader("x.jsonl", Readable.from(pieces.filter((piece) => piece.length > 0)));
}

async function readAll(reader: SidecarReader): Promise<RecordedFrame[]> {
  const all: RecordedFrame[] = [];
  for (;;) {
    const frame = await reader.frame();
    if (!frame) return all;
    all.push(frame);
  }
}

test("every frame line comes back as it was: 64-bit numbers, no pts, binary metadata", () => {
  fc.assert(
    fc.property(frames, (frame) => {
      const line = lineOf(frame);
      expect(line.endsWith("\n")).toBe(true);
      expect(line.length).toBeLessThan(lineBytesMax);
      const back = parseLine(line.trimEnd());
      if (back.kind !== "frame") throw new Error(`it came back as ${back.kind}`);
      expect(comparable(back.frame)).toEqual(comparable(frame));
    }),
  );
});

test("header and end come back as they were", () => {
  expect(parseLine(lineOf(header))).toEqual({ kind: "header", header });
  expect(parseLine(lineOf(end))).toEqual({ kind: "end", end });
});

test("a file cut anywhere gives its whole lines, and is known to be cut", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(frames, { minLength: 1, maxLength: 4 }),
      fc.nat(),
      fc.array(fc.nat(), { maxLength: 5 }),
      async (some, cutAt, pieces) => {
        const lines = [lineOf(header), ...some.map(lineOf), lineOf(end)];
        const whole = Buffer.from(lines.join(""));
        const cut = Math.max(lineOf(header).length, cutAt % (whole.length + 1));
        const reader = readerOf(whole.toString("utf8", 0, cut), ...pieces);
        expect(await reader.header()).toEqual(header);
        const got = await readAll(reader);
        let at = lines[0]?.length ?? 0;
        const complete = lines.slice(1).filter((line) => {
          at += line.length;
          return at <= cut;
        });
        const ended = complete.length === some.length + 1;
        expect(got.map(comparable)).toEqual(some.slice(0, complete.length).map(comparable));
        expect(reader.end).toEqual(ended ? end : undefined);
      },
    ),
  );
});

test.for<[string, string]>([
  ["", "nothing is in it"],
  ["{}\n", "neither a header"],
  ["null\n", "not an object"],
  ["[1,2]\n", "neither a header"],
  ["\u0000\u0001garbage\n", "JSON"],
  [`${"[".repeat(10_000)}\n`, "JSON"],
  [lineOf(end), "a recording begins with its header"],
  [lineOf({ ...header, version: 2 } as never), "version"],
  [lineOf({ ...header, format: "JPEG" } as never), "format"],
  [lineOf({ ...header, width: 0 }), "width"],
  [lineOf({ ...header, width: 1e300 }), "width"],
  [lineOf({ ...header, frameBytes: -1 }), "frameBytes"],
  [lineOf({ ...header, timeBase: { num: 0, den: 1 } }), "timeBase.num"],
  [`{"edgestream":"recording","__proto__":{"version":1}}\n`, "version"],
  [`${" ".repeat(100_000)}`, "a line of more than"],
])("a sidecar that begins with %j is refused: %s", async ([text, problem]) => {
  await expect(readerOf(text).header()).rejects.toMatchObject({
    code: "ERR_BAD_RECORDING",
    message: expect.stringContaining(problem),
  });
});

const good: RecordedFrame = {
  ...{ number: 1n, skipped: 0n, pts: 0n, duration: 0n, epoch: 1n, captured: 1n, posted: 2n },
  ...{ layout: 1, size: 10, crc32: "00000000" },
};

test.for<[string, object]>([
  ["number", { number: 0 }],
  ["number", { number: 1.5 }],
  ["number", { number: 2 ** 60 }],
  ["pts", { pts: "9223372036854775808" }],
  ["pts", { pts: "-9223372036854775808" }],
  ["pts", { pts: undefined }],
  ["duration", { duration: -1 }],
  ["skipped", { skipped: "1e3" }],
  ["epoch", { epoch: "99999999999999999999" }],
  ["captured", { captured: null }],
  ["posted", { posted: "0x10" }],
  ["layout", { layout: -1 }],
  ["size", { size: 0 }],
  ["crc32", { crc32: "0000000G" }],
  ["crc32", { crc32: 0 }],
  ["metadata", { metadata: "not base64!" }],
  ["metadata", { metadata: Buffer.alloc(4097).toString("base64") }],
])("a frame with a wrong %s is refused with its line: %j", async ([field, wrong]) => {
  const bad = JSON.stringify({ ...JSON.parse(lineOf(good)), ...wrong });
  const reader = readerOf(`${lineOf(header)}${lineOf(good)}${bad}\n`);
  await reader.header();
  expect(await reader.frame()).toEqual(good);
  await expect(reader.frame()).rejects.toMatchObject({
    code: "ERR_BAD_RECORDING",
    message: expect.stringMatching(new RegExp(`^line 3 of "x.jsonl" .*${field}`)),
  });
});

test("a second header, and anything after the end, are refused", async () => {
  for (const [text, problem] of [
    [lineOf(header) + lineOf(header), "a second header"],
    [lineOf(header) + lineOf(end) + lineOf(good), "something follows the end"],
  ] as const) {
    const reader = readerOf(text);
    await reader.header();
    await expect(reader.frame()).rejects.toThrow(problem);
  }
});

test("what a later version adds to a line is passed over", () => {
  const line = { ...JSON.parse(lineOf(good)), later: { anything: true } };
  expect(parseLine(JSON.stringify(line))).toEqual({ kind: "frame", frame: good });
});
