import { closeSync, createWriteStream, type WriteStream } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { FrameReader } from "../../../sdk/cli/frame-reader.ts";
import { fifoPipes } from "./fifo-pipes.ts";

function makePipe(): { readEnd: number; writer: WriteStream; writeEnd: number } {
  const [readEnd, writeEnd] = fifoPipes.createPipe(0);
  return { readEnd, writeEnd, writer: createWriteStream("", { fd: writeEnd }) };
}

function write(writer: WriteStream, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    writer.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
}

/** Bytes that differ at every place of every frame, so that a shift or a mix-up shows. */
function pattern(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 31 + (index >> 8) * 7 + seed) & 0xff);
}

async function writeInPieces(writer: WriteStream, bytes: Uint8Array, pieces: readonly number[]): Promise<void> {
  let at = 0;
  for (let index = 0; at < bytes.length; index += 1) {
    const length = pieces[index % pieces.length] ?? 1;
    await write(writer, bytes.subarray(at, at + length));
    at += length;
  }
  writer.end();
}

test("frames arrive whole and in order, however the pipe cuts them", async () => {
  const frameSizes = fc.oneof(
    fc.constantFrom(1, 2, 4095, 4096, 4097, 8191, 8192, 8193, 70_000),
    fc.integer({ min: 1, max: 20_000 }),
  );
  const pieces = fc.array(fc.integer({ min: 1, max: 30_000 }), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(frameSizes, fc.integer({ min: 1, max: 6 }), pieces, async (frameBytes, frameCount, cuts) => {
      const { readEnd, writer } = makePipe();
      const sent = pattern(frameBytes * frameCount, frameBytes);
      const least = Math.ceil(sent.length / 200);
      const sending = writeInPieces(
        writer,
        sent,
        cuts.map((cut) => Math.max(cut, least)),
      );
      const reader = new FrameReader(readEnd, frameBytes);
      const slots: Uint8Array[] = [];
      for (;;) {
        const slot = new Uint8Array(frameBytes);
        if (!(await reader.fill(slot))) break;
        slots.push(slot);
      }
      await sending;
      expect(Buffer.concat(slots).equals(sent)).toBe(true);
      reader.close();
    }),
    { numRuns: 40 },
  );
});

test("a full slot is never written again, whatever waits in the pipe", async () => {
  const frameBytes = 10_000;
  const { readEnd, writer } = makePipe();
  const reader = new FrameReader(readEnd, frameBytes);
  const first = new Uint8Array(frameBytes);
  const filled = reader.fill(first);
  // Three frames fit into the pipe at once: the reader must leave two of them there.
  await write(writer, pattern(frameBytes * 3, 9));
  await filled;
  const posted = Buffer.from(first);
  first.fill(0xaa);
  // Turns of the event loop in which a reader that goes on would write.
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(first.every((byte) => byte === 0xaa)).toBe(true);
  expect(posted.equals(pattern(frameBytes * 3, 9).subarray(0, frameBytes))).toBe(true);
  const second = new Uint8Array(frameBytes);
  await reader.fill(second);
  expect(Buffer.from(second).equals(pattern(frameBytes * 3, 9).subarray(frameBytes, frameBytes * 2))).toBe(true);
  expect(first.every((byte) => byte === 0xaa)).toBe(true);
  reader.close();
  writer.destroy();
});

test("an end inside a frame is an error that says how much came", async () => {
  const { readEnd, writer } = makePipe();
  const reader = new FrameReader(readEnd, 100);
  const filling = reader.fill(new Uint8Array(100));
  await write(writer, new Uint8Array(60));
  writer.end();
  await expect(filling).rejects.toThrow("60 of 100 bytes");
  reader.close();
});

test("an end before the first frame is an end", async () => {
  const { readEnd, writeEnd } = makePipe();
  const reader = new FrameReader(readEnd, 100);
  closeSync(writeEnd);
  await expect(reader.fill(new Uint8Array(100))).resolves.toBe(false);
  await expect(reader.fill(new Uint8Array(100))).resolves.toBe(false);
});

test("close() wakes a pending fill()", async () => {
  const { readEnd, writer } = makePipe();
  const reader = new FrameReader(readEnd, 100);
  const filling = reader.fill(new Uint8Array(100));
  reader.close();
  await expect(filling).resolves.toBe(false);
  writer.destroy();
});

test("a view of another size is refused: it would shift every frame after it", () => {
  const { readEnd, writer } = makePipe();
  const reader = new FrameReader(readEnd, 100);
  expect(() => reader.fill(new Uint8Array(99))).toThrow(RangeError);
  reader.close();
  writer.destroy();
});

test("a frame in pieces arrives piece by piece, however the pipe cuts it", async () => {
  const lengths = fc.array(fc.integer({ min: 1, max: 9000 }), { minLength: 1, maxLength: 4 });
  const cuts = fc.array(fc.integer({ min: 1, max: 10_000 }), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(lengths, cuts, async (pieces, pipeCuts) => {
      const frameBytes = pieces.reduce((sum, length) => sum + length, 0);
      const { readEnd, writer } = makePipe();
      const sent = pattern(frameBytes * 3, frameBytes);
      const least = Math.ceil(sent.length / 100);
      const sending = writeInPieces(
        writer,
        sent,
        pipeCuts.map((cut) => Math.max(cut, least)),
      );
      const reader = new FrameReader(readEnd, frameBytes);
      const got: Uint8Array[] = [];
      for (;;) {
        const views = pieces.map((length) => new Uint8Array(length));
        if (!(await reader.fillPieces(views))) break;
        got.push(...views);
      }
      await sending;
      expect(Buffer.concat(got).equals(sent)).toBe(true);
      reader.close();
    }),
    { numRuns: 20 },
  );
});

test("an end between two pieces of a frame is an error", async () => {
  const { readEnd, writer } = makePipe();
  const reader = new FrameReader(readEnd, 100);
  const filling = reader.fillPieces([new Uint8Array(60), new Uint8Array(40)]);
  await write(writer, new Uint8Array(60));
  writer.end();
  await expect(filling).rejects.toMatchObject({ code: "ERR_TRUNCATED" });
  reader.close();
});
