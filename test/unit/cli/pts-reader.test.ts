import fc from "fast-check";
import { expect, test } from "vitest";
import { PtsParser } from "../../../sdk/cli/pts-reader.ts";

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
