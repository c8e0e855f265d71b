import { closeSync, writeSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PtsParser, PtsReader } from "../../../sdk/cli/pts-reader.ts";
import { fifoPipes } from "./fifo-pipes.ts";

const text = [
  "#software: Lavf59.27.100",
  "#tb 0: 1001/30000",
  "#media_type 0: video",
  "#codec_id 0: wrapped_avframe",
  "#dimensions 0: 641x359",
  "#sar 0: 1/1",
  "0,          0,          0,        1,      496, 0x45e1a4d6",
  "0,         -2,         -2,        1,      496, 0x45e1a4d6",
  "0, 1234567890123, 1234567890123,        3,      496, 0x45e1a4d6, S=1,        8, 0x1",
  "0, -9223372036854775808, -9223372036854775808,        0,      496, 0x45e1a4d6",
  "",
].join("\n");

test("header and lines are read however the text is cut", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 80 }), { minLength: 1 }), (cuts) => {
      const parser = new PtsParser();
      let at = 0;
      for (let index = 0; at < text.length; index += 1) {
        const length = cuts[index % cuts.length] ?? 1;
        parser.push(text.slice(at, at + length));
        at += length;
      }
      expect(parser.header).toEqual({ timeBase: { num: 1001, den: 30_000 }, width: 641, height: 359 });
      expect(parser.lines).toEqual([
        { pts: 0n, duration: 1n },
        { pts: -2n, duration: 1n },
        { pts: 1_234_567_890_123n, duration: 3n },
        { pts: undefined, duration: 0n },
      ]);
    }),
  );
});

test("what is not framecrc is an error, not a guess", () => {
  expect(() => new PtsParser().push("hello\n")).toThrow(/cannot be read/);
  expect(() => new PtsParser().push("0, 1, 1, 1, 496, 0x1\n")).toThrow(/cannot be read/);
  expect(() => new PtsParser().push("1".repeat(2000))).toThrow(/cannot be read/);
});

describe("from a pipe", () => {
  const header = text.split("\n").slice(0, 6).join("\n");
  const line = (number: number) => `0, ${number}, ${number}, 1, 496, 0x45e1a4d6\n`;

  test("lines that lie there are taken, those that come later are waited for, and the end is seen", async () => {
    const [readEnd, writeEnd] = fifoPipes.createPipe(65_536);
    const reader = new PtsReader(readEnd);
    writeSync(writeEnd, `${header}\n${line(0)}`);
    expect(await reader.header()).toMatchObject({ width: 641, height: 359 });
    expect(await reader.next()).toEqual({ pts: 0n, duration: 1n });
    writeSync(writeEnd, line(1) + line(2));
    expect(await reader.next()).toEqual({ pts: 1n, duration: 1n });
    const [third, later] = [await reader.next(), reader.next()];
    expect(third).toEqual({ pts: 2n, duration: 1n });
    await new Promise((resolve) => setTimeout(resolve, 20));
    writeSync(writeEnd, line(3));
    expect(await later).toEqual({ pts: 3n, duration: 1n });
    closeSync(writeEnd);
    expect(await reader.next()).toBeUndefined();
    reader.close();
  });

  test("many lines at once come out in order, and a write end that closes does not lose them", async () => {
    const [readEnd, writeEnd] = fifoPipes.createPipe(65_536);
    const reader = new PtsReader(readEnd);
    const numbers = Array.from({ length: 500 }, (_, number) => number);
    writeSync(writeEnd, `${header}\n${numbers.map(line).join("")}`);
    closeSync(writeEnd);
    for (const number of numbers) expect(await reader.next()).toEqual({ pts: BigInt(number), duration: 1n });
    expect(await reader.next()).toBeUndefined();
    reader.close();
  });

  test("close() ends a wait, and what cannot be read is thrown", async () => {
    const [readEnd, writeEnd] = fifoPipes.createPipe(65_536);
    const reader = new PtsReader(readEnd);
    const waiting = reader.next();
    reader.close();
    expect(await waiting).toBeUndefined();
    closeSync(writeEnd);

    const [otherRead, otherWrite] = fifoPipes.createPipe(65_536);
    const other = new PtsReader(otherRead);
    writeSync(otherWrite, "nothing of the kind\n");
    await expect(other.next()).rejects.toThrow(/cannot be read/);
    closeSync(otherWrite);
  });
});
