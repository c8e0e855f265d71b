import fc from "fast-check";
import { expect, test } from "vitest";
import { columnsOf, justify, printable } from "../../../../sdk/cli/top/text.ts";

test.each([
  ["\u001b[2J\u001b[Hrecorder", "recorder"],
  ["\u001b]0;title\u0007recorder", "recorder"],
  ["\u001b]52;c;cm0gLXJm\u001b\\recorder", "recorder"],
  ["rec\u0008\u0008order", "rec??order"],
  ["a\r\nb\tc\u0000d", "a??b?c?d"],
  ["\u009b31mred", "red"],
  ["\u202eevil\u2066", "?evil?"],
  ["zero\u200bwidth\ufeff", "zero?width?"],
  ["line\u2028two", "line?two"],
  ["Kamera Süd 録画", "Kamera Süd 録画"],
])("%j is shown as %j", (hostile, harmless) => {
  expect(printable(hostile, true)).toBe(harmless);
});

test("without UTF-8 nothing but ASCII is shown", () => {
  expect(printable("Kamera Süd 録画 🎥", false)).toBe("Kamera S?d ?? ?");
});

test("whatever a client calls itself, no control character reaches the terminal", () => {
  const anything = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.string({ unit: fc.constantFrom("\u001b", "[", "0", "m", "\u009b", "\u0007", "]", "a") }),
  );
  fc.assert(
    fc.property(anything, fc.boolean(), (text, unicode) => {
      expect(printable(text, unicode)).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
    }),
  );
});

test("wide characters take two columns, combining marks none", () => {
  expect(columnsOf("abc")).toBe(3);
  expect(columnsOf("録画")).toBe(4);
  expect(columnsOf("e\u0301")).toBe(1);
});

test("text is filled up or cut to exactly its columns", () => {
  expect(justify("abc", 5, "left", "…")).toBe("abc  ");
  expect(justify("abc", 5, "right", "…")).toBe("  abc");
  expect(justify("abcdef", 4, "right", "…")).toBe("abc…");
  expect(justify("abcdef", 4, "left", "~")).toBe("abc~");
  // The second character has two columns where only one is left.
  expect(justify("録画録", 4, "left", "…")).toBe("録… ");
  expect(justify("abc", 0, "left", "…")).toBe("");
});

test("cut or filled, it has the columns that were asked for", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.nat(40), fc.constantFrom("left", "right"), (text, width, align) => {
      expect(columnsOf(justify(printable(text, true), width, align as "left" | "right", "…"))).toBe(width);
    }),
  );
});
