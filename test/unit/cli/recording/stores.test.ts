/** What goes into a file comes out of it, bit by bit: every format, odd sizes, noise in every byte. */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { planesOf } from "../../../../sdk/base/format.ts";
import type { FrameLayout } from "../../../../sdk/base/types.ts";
import type { FfmpegDialect } from "../../../../sdk/cli/ffmpeg-args.ts";
import { findFfmpeg } from "../../../../sdk/cli/ffmpeg-process.ts";
import { ffmpegPixelFormats, type VideoFormat } from "../../../../sdk/cli/option-parsers.ts";
import { PlanarChroma } from "../../../../sdk/cli/planar-chroma.ts";
import { Ffv1Frames } from "../../../../sdk/cli/recording/ffv1-frames.ts";
import { Ffv1Store } from "../../../../sdk/cli/recording/ffv1-store.ts";
import type { FrameStore, FrameToStore, StoredFrames } from "../../../../sdk/cli/recording/frame-store.ts";
import { checkLossless } from "../../../../sdk/cli/recording/lossless-check.ts";
import { attachSidecar } from "../../../../sdk/cli/recording/one-file.ts";
import { createOutputFile } from "../../../../sdk/cli/recording/output-file.ts";
import { RawFrames, Y4mFrames } from "../../../../sdk/cli/recording/plain-frames.ts";
import { RawStore, Y4mStore } from "../../../../sdk/cli/recording/plain-store.ts";
import { fifoPipes } from "../fifo-pipes.ts";
import { allFormats, plainFrame, plainLayout } from "../plain-frames.ts";

let dialect: FfmpegDialect;
const folder = mkdtempSync(join(tmpdir(), "edgestream-stores-"));

beforeAll(async () => {
  dialect = await findFfmpeg();
});
afterAll(() => rmSync(folder, { recursive: true }));

function noise(layout: FrameLayout): FrameToStore {
  const frame = plainFrame(layout);
  frame.data.set(randomBytes(frame.data.length));
  return { ...frame, size: frame.data.length, duration: 0n };
}

async function storeAll(store: FrameStore, frames: readonly FrameToStore[]): Promise<void> {
  for (const frame of frames) await store.write(frame);
  await store.close();
}

async function readBack(stored: StoredFrames, layout: FrameLayout, count: number): Promise<Uint8Array[]> {
  const slots: Uint8Array[] = [];
  const slot = plainFrame(layout, 0xaa);
  while (await stored.read(slot, layout.size)) slots.push(slot.data.slice());
  await stored.close();
  expect(slots).toHaveLength(count);
  return slots;
}

function expectSame(got: readonly Uint8Array[], frames: readonly FrameToStore[]): void {
  const same = got.map((bytes, index) => Buffer.compare(bytes, frames[index]?.data ?? new Uint8Array(0)) === 0);
  expect(same).toEqual(frames.map(() => true));
}

/** Odd, thin, at the smallest size that has slices, and ordinary. */
const sizes = [
  [1, 1],
  [3, 2],
  [2, 5],
  [17, 1],
  [63, 65],
  [65, 67],
  [641, 359],
] as const;

function name(format: VideoFormat, layout: FrameLayout, ending: string): string {
  return join(folder, `${format}-${layout.width}x${layout.height}.${ending}`);
}

describe("mkv", () => {
  test.for(allFormats)("%s, odd sizes included", async (format) => {
    for (const [width, height] of sizes) {
      const layout = plainLayout(format, width, height);
      const frames = [noise(layout), noise(layout), noise(layout)];
      const path = name(format, layout, "mkv");
      await storeAll(new Ffv1Store(path, layout, dialect), frames);
      expectSame(await readBack(new Ffv1Frames(path, layout, dialect, fifoPipes), layout, 3), frames);
    }
  });

  test.for(allFormats)("%s: a player sees the picture, not a rearrangement of it", (format) => {
    const layout = plainLayout(format, 66, 64);
    const path = name(format, layout, "mkv");
    return expectPlayable(path, format, layout, new Ffv1Store(path, layout, dialect));
  });

  test("begins with a later frame when it is told to", async () => {
    const layout = plainLayout("NV12", 65, 67);
    const frames = Array.from({ length: 7 }, () => noise(layout));
    const path = join(folder, "later.mkv");
    await storeAll(new Ffv1Store(path, layout, dialect), frames);
    const stored = new Ffv1Frames(path, layout, dialect, fifoPipes);
    for (let passed = 0; passed < 4; passed += 1) stored.skip();
    expectSame(await readBack(stored, layout, 3), frames.slice(4));
  });

  test("the check before a recording finds nothing to complain about", async () => {
    for (const format of ["NV12", "YUY2", "RGB"] as const) await checkLossless(plainLayout(format, 641, 359), dialect);
  });

  test("the check before a recording finds an ffmpeg that computes", async () => {
    // With a filter that changes one sample in one picture, the same arguments are not lossless any more.
    const lossy = { ...dialect, passthrough: [...dialect.passthrough, "-vf", "drawbox=x=0:y=0:w=2:h=2:t=fill"] };
    await expect(checkLossless(plainLayout("NV12", 64, 64), lossy)).rejects.toMatchObject({
      code: "ERR_ENCODER",
      message: expect.stringContaining("record to .raw"),
    });
  });

  test("an ffmpeg that dies is told by the next write, and by the signal", async () => {
    const layout = plainLayout("GRAY8", 640, 480);
    const store = new Ffv1Store(join(folder, "dies.mkv"), layout, dialect);
    await store.write(noise(layout));
    const broken = new Promise((resolve) => store.broken.addEventListener("abort", resolve));
    process.kill(store.pid ?? 0, "SIGKILL");
    await broken;
    const failure = { code: "ERR_ENCODER", message: expect.stringContaining("SIGKILL") };
    await expect(store.write(noise(layout))).rejects.toMatchObject(failure);
    await expect(store.close()).rejects.toMatchObject(failure);
  });
});

/** Close to what ffmpeg makes of the same raw bytes. */
async function expectPlayable(path: string, format: VideoFormat, layout: FrameLayout, store: FrameStore) {
  const smooth = plainFrame(layout);
  const raw = ffmpeg(["-f", "lavfi", "-i", "testsrc2=size=66x64", "-frames:v", "1", ...rawvideo(format), "-"]);
  smooth.data.set(raw);
  await storeAll(store, [{ ...smooth, size: layout.size, duration: 0n }]);
  const direct = ["-f", "rawvideo", ...size(format, layout), "-i", "pipe:0", ...rawvideo("RGB"), "-"];
  const wanted = ffmpeg(direct, raw);
  const seen = ffmpeg(["-i", path, ...rawvideo("RGB"), "-"]);
  expect(seen.length).toBe(wanted.length);
  // On average: the two ways interpolate chroma differently at edges.
  const distance = seen.reduce((sum, value, index) => sum + Math.abs(value - (wanted[index] ?? 0)), 0) / seen.length;
  expect(distance).toBeLessThan(5);
}

function ffmpeg(args: readonly string[], input?: Uint8Array): Buffer {
  return execFileSync("ffmpeg", ["-hide_banner", "-loglevel", "error", ...args], { input: input ?? "" });
}

function rawvideo(format: VideoFormat): string[] {
  return ["-f", "rawvideo", "-pix_fmt", ffmpegPixelFormats[format]];
}

function size(format: VideoFormat, layout: FrameLayout): string[] {
  return ["-pix_fmt", ffmpegPixelFormats[format], "-s", `${layout.width}x${layout.height}`];
}

describe("y4m", () => {
  const formats = ["NV12", "I420", "P010", "GRAY8", "GRAY16"] as const;

  async function store(path: string, layout: FrameLayout): Promise<FrameStore> {
    return new Y4mStore(await createOutputFile(path, true), path, layout);
  }

  test.for(formats)("%s, odd sizes included", async (format) => {
    for (const [width, height] of sizes) {
      const layout = plainLayout(format, width, height);
      const frames = [noise(layout), noise(layout), noise(layout)];
      const path = name(format, layout, "y4m");
      await storeAll(await store(path, layout), frames);
      expectSame(await readBack(await Y4mFrames.open(path, layout), layout, 3), frames);
    }
  });

  test.for(formats)("%s: a player sees the picture", async (format) => {
    const layout = plainLayout(format, 66, 64);
    const path = name(format, layout, "y4m");
    await expectPlayable(path, format, layout, await store(path, layout));
  });

  test("begins with a later frame when it is told to", async () => {
    const layout = plainLayout("I420", 65, 67);
    const frames = Array.from({ length: 5 }, () => noise(layout));
    const path = join(folder, "later.y4m");
    await storeAll(await store(path, layout), frames);
    const stored = await Y4mFrames.open(path, layout);
    stored.skip();
    stored.skip();
    expectSame(await readBack(stored, layout, 3), frames.slice(2));
  });

  test("a file of another size, and a frame that begins elsewhere, are told", async () => {
    const layout = plainLayout("GRAY8", 65, 67);
    const path = join(folder, "other.y4m");
    await storeAll(await store(path, layout), [noise(layout), noise(layout)]);
    const slot = plainFrame(layout);
    const other = await Y4mFrames.open(path, plainLayout("GRAY8", 66, 67));
    await expect(other.read(slot)).rejects.toMatchObject({ code: "ERR_BAD_RECORDING" });
    await other.close();
    const bytes = readFileSync(path);
    bytes[bytes.indexOf("FRAME")] = 0x66;
    writeFileSync(path, bytes);
    const damaged = await Y4mFrames.open(path, layout);
    await expect(damaged.read(slot)).rejects.toThrow("no frame begins where one should");
    await damaged.close();
  });
});

describe("raw", () => {
  test("frames of any length, one behind the other", async () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 20 });
    const layout = bytesLayout(5000);
    const path = join(folder, "lengths.raw");
    await fc.assert(
      fc.asyncProperty(lengths, fc.nat(), async (wanted, seed) => {
        const all = wanted.map((length) => new Uint8Array(randomBytes(length)));
        const out = new RawStore(await createOutputFile(path, true), path);
        await storeAll(
          out,
          all.map((data) => ({ data, planes: [], layout, size: data.length, duration: 0n })),
        );
        const skipped = seed % all.length;
        const stored = await RawFrames.open(path);
        for (const data of all.slice(0, skipped)) stored.skip(data.length);
        for (const data of all.slice(skipped)) {
          const slot = { data: new Uint8Array(5000), planes: [], layout };
          expect(await stored.read(slot, data.length)).toBe(true);
          expect(Buffer.compare(slot.data.subarray(0, data.length), data)).toBe(0);
        }
        expect(await stored.read({ data: new Uint8Array(1), planes: [], layout }, 1)).toBe(false);
        await stored.close();
      }),
      { numRuns: 20 },
    );
  });

  test("a file that ends inside a frame has no more whole frames", async () => {
    const layout = plainLayout("GRAY8", 65, 67);
    const path = join(folder, "cut.raw");
    const frames = [noise(layout), noise(layout)];
    await storeAll(new RawStore(await createOutputFile(path, true), path), frames);
    truncateSync(path, layout.size * 2 - 1);
    expectSame(await readBack(await RawFrames.open(path), layout, 1), frames.slice(0, 1));
  });
});

function bytesLayout(width: number): FrameLayout {
  const planes = [{ offset: 0, stride: width, width, height: 1 }];
  return { format: "bytes", width, height: 1, size: width, planes, timeBase: undefined };
}

test("a picture that uses only a part of its slot is stored whole, with zeros behind it", async () => {
  for (const format of ["NV12", "P010"] as const) {
    const layout = plainLayout(format, 65, 67);
    const data = new Uint8Array(randomBytes(layout.size - 100));
    const short = { data, planes: planesOf(data, layout), layout, size: data.length, duration: 0n };
    const whole = new Uint8Array(layout.size);
    whole.set(data);
    const mkv = join(folder, "short.mkv");
    await storeAll(new Ffv1Store(mkv, layout, dialect), [short]);
    const fromMkv = await readBack(new Ffv1Frames(mkv, layout, dialect, fifoPipes), layout, 1);
    const y4m = join(folder, "short.y4m");
    await storeAll(new Y4mStore(await createOutputFile(y4m, true), y4m, layout), [short]);
    const fromY4m = await readBack(await Y4mFrames.open(y4m, layout), layout, 1);
    for (const [got] of [fromMkv, fromY4m]) expect(Buffer.compare(got ?? new Uint8Array(0), whole)).toBe(0);
  }
});

test("chroma that is taken apart and put together is what it was, whatever the stride", () => {
  const side = fc.integer({ min: 1, max: 40 });
  fc.assert(
    fc.property(
      fc.constantFrom("NV12" as const, "P010" as const),
      side,
      side,
      fc.nat(4),
      (format, width, height, pad) => {
        const layout = plainLayout(format, width, height);
        const chroma = PlanarChroma.of(layout);
        const shape = layout.planes[1];
        if (!chroma || !shape) throw new Error("no chroma");
        const stride = shape.stride + pad * 2;
        const plane = { ...shape, stride, data: new Uint8Array(randomBytes(stride * shape.height)) };
        chroma.split(plane);
        const sample = format === "P010" ? 2 : 1;
        const last = (shape.height - 1) * stride + (shape.width - 1) * 2 * sample;
        expect([...chroma.u.slice(-sample)]).toEqual([...plane.data.slice(last, last + sample)]);
        expect([...chroma.v.slice(-sample)]).toEqual([...plane.data.slice(last + sample, last + 2 * sample)]);
        const back = { ...plane, data: plane.data.map((byte, at) => (at % stride < shape.stride ? 0 : byte)) };
        chroma.join(back);
        expect(Buffer.compare(back.data, plane.data)).toBe(0);
      },
    ),
  );
});

test("a file that is there is not touched unless it is asked for", async () => {
  const path = join(folder, "there.raw");
  await (await createOutputFile(path, false)).end();
  expect(statSync(path).size).toBe(0);
  await expect(createOutputFile(path, false)).rejects.toMatchObject({ code: "ERR_FILE_EXISTS" });
  await (await createOutputFile(path, true)).end();
  await expect(createOutputFile(join(folder, "no/such.raw"), false)).rejects.toMatchObject({ code: "ERR_WRITE" });
});

test("a sidecar that could not be read out of the video again is not put into it", async () => {
  const path = join(folder, "long.mkv");
  writeFileSync(path, "");
  writeFileSync(`${path}.jsonl`, "");
  truncateSync(`${path}.jsonl`, 2 ** 28);
  await expect(attachSidecar(path)).rejects.toThrow("too large to be put into the video");
  expect(existsSync(`${path}.jsonl`)).toBe(true);
});
