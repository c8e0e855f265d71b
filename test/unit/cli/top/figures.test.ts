import fc from "fast-check";
import { expect, test } from "vitest";
import { shortBytes, shortCount, shortRate, shortTime, sparkline } from "../../../../sdk/cli/top/figures.ts";
import { asciiGlyphs, glyphsFor, unicodeGlyphs } from "../../../../sdk/cli/top/glyphs.ts";

test.each([
  [0n, "0"],
  [99_999n, "99999"],
  [100_000n, "100k"],
  [1_234_567n, "1.23M"],
  [999_600n, "1.00M"],
  [2n ** 64n - 1n, "18447P"],
])("%d frames are %s", (count, text) => {
  expect(shortCount(count)).toBe(text);
});

test.each([
  [0n, "0B"],
  [512n, "512B"],
  [1_048_576n, "1.00MiB"],
  [38_000_000n, "36.2MiB"],
  [4_294_967_296n, "4.00GiB"],
])("%d bytes are %s", (bytes, text) => {
  expect(shortBytes(bytes)).toBe(text);
});

test.each([
  [undefined, "-"],
  [0, "0µs"],
  [85.4, "85µs"],
  [1250, "1.25ms"],
  [999.6, "1.00ms"],
  [12_500, "12.5ms"],
  [350_000, "350ms"],
  [3_100_000, "3.1s"],
  [7_200_000_000, "7200s"],
])("%s µs are %s", (us, text) => {
  expect(shortTime(us, "µ")).toBe(text);
});

test("figures keep within the columns that their tables give them", () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e13, noNaN: true }), (value) => {
      expect(shortTime(value, "u").length).toBeLessThanOrEqual(6);
      expect(shortRate(value).length).toBeLessThanOrEqual(6);
    }),
  );
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (count) => {
      expect(shortCount(count).length).toBeLessThanOrEqual(6);
      expect(shortBytes(count).length).toBeLessThanOrEqual(8);
    }),
  );
});

test("a sparkline has its newest value on the right, nothing known is a gap, nothing at all the lowest bar", () => {
  const { bars } = unicodeGlyphs;
  expect(sparkline([30, 30], 4, bars)).toBe("  ██");
  expect(sparkline([undefined, 0, 1, 15, 30], 5, bars)).toBe(" ▁▂▅█");
  expect(sparkline([10, 20, 30], 2, bars)).toBe("▆█");
  expect(sparkline([0, 0], 2, bars)).toBe("▁▁");
  expect(sparkline([], 3, bars)).toBe("   ");
  expect(sparkline([0, 30], 2, asciiGlyphs.bars)).toBe("_#");
});

test("the locale decides about the signs, by the first variable that is set", () => {
  expect(glyphsFor({ LANG: "C.UTF-8" }).unicode).toBe(true);
  expect(glyphsFor({ LANG: "de_DE.utf8" }).unicode).toBe(true);
  expect(glyphsFor({ LANG: "C.UTF-8", LC_ALL: "C" }).unicode).toBe(false);
  expect(glyphsFor({ LANG: "C", LC_CTYPE: "en_US.UTF-8", LC_ALL: "" }).unicode).toBe(true);
  expect(glyphsFor({}).unicode).toBe(false);
  const { unicode, ...signs } = asciiGlyphs;
  expect(JSON.stringify(signs)).toMatch(/^[ -~]*$/);
  expect(unicode).toBe(false);
});
