import { describe, expect, test } from "vitest";
import { type Check, fail, ok, skip, warn } from "../../../../sdk/cli/doctor/check.ts";
import { closingLine, type ReportStyle, renderReport, styleFor } from "../../../../sdk/cli/doctor/report.ts";

const plain: ReportStyle = { columns: undefined, colour: false, unicode: true };
const checks: Check[] = [
  ok("a.good", "it works"),
  warn("a.so-so", "it works and that is all that can be said about it here", "make it better"),
  fail(
    "b.bad",
    "it does not work",
    "sudo repair --thoroughly /a/path/that/is/much/longer/than/any/terminal/line/may/be",
  ),
  skip("b.none", "there is none"),
];
const groups = [
  { title: "First", checks: checks.slice(0, 2) },
  { title: "Empty", checks: [] },
  { title: "Second", checks: checks.slice(2) },
];

describe("the report", () => {
  test("without a terminal: one line each, advice below, what is wrong again at the end", () => {
    expect(renderReport(groups, plain)).toBe(`First
  ✔ a.good   it works
  ! a.so-so  it works and that is all that can be said about it here
             do: make it better

Second
  ✘ b.bad    it does not work
             do: sudo repair --thoroughly /a/path/that/is/much/longer/than/any/terminal/line/may/be
  - b.none   there is none

4 checks: 1 ok, 1 warning, 1 failure, 1 not applicable
✘ b.bad
! a.so-so
`);
  });

  test("on a terminal: wrapped between words with an indent, words kept whole", () => {
    const lines = renderReport(groups, { ...plain, columns: 50 }).split("\n");
    expect(lines).toContain("  ! a.so-so  it works and that is all that can be");
    expect(lines).toContain("             said about it here");
    expect(lines.filter((line) => line.length > 50)).toEqual([
      "                 /a/path/that/is/much/longer/than/any/terminal/line/may/be",
    ]);
  });

  test("on a narrow terminal the text goes below the id", () => {
    const lines = renderReport(groups, { ...plain, columns: 40 }).split("\n");
    expect(lines).toContain("  ✔ a.good");
    expect(lines).toContain("      it works");
  });

  test("without UTF-8 in words, and only ASCII", () => {
    const text = renderReport(groups, { ...plain, unicode: false });
    expect(text).toContain("  ok   a.good   it works\n");
    expect(text).toContain("  FAIL b.bad ");
    expect([...text].filter((letter) => letter > "~")).toEqual([]);
  });

  test("colours only marks, headings and do:, and is otherwise the same text", () => {
    const coloured = renderReport(groups, { ...plain, colour: true });
    expect(coloured).toContain("\u001b[31m✘\u001b[0m b.bad");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the colours are what is taken out.
    expect(coloured.replace(/\u001b\[\d+m/g, "")).toBe(renderReport(groups, plain));
  });
});

describe("the style", () => {
  const terminal = { isTTY: true, columns: 100 };

  test("colour and wrapping are for terminals; NO_COLOR and TERM=dumb are heard", () => {
    expect(styleFor(terminal, { LANG: "C.UTF-8" })).toEqual({ columns: 100, colour: true, unicode: true });
    expect(styleFor({}, { LANG: "C.UTF-8" })).toEqual({ columns: undefined, colour: false, unicode: true });
    expect(styleFor(terminal, { NO_COLOR: "1" }).colour).toBe(false);
    expect(styleFor(terminal, { NO_COLOR: "" }).colour).toBe(true);
    expect(styleFor(terminal, { TERM: "dumb" }).colour).toBe(false);
  });

  test("LC_ALL goes before LC_CTYPE before LANG", () => {
    expect(styleFor(terminal, { LANG: "en_US.utf8" }).unicode).toBe(true);
    expect(styleFor(terminal, { LANG: "en_US.UTF-8", LC_ALL: "C" }).unicode).toBe(false);
    expect(styleFor(terminal, { LANG: "C", LC_CTYPE: "de_DE.UTF-8" }).unicode).toBe(true);
    expect(styleFor(terminal, {}).unicode).toBe(false);
  });
});

test("the closing line counts in words", () => {
  expect(closingLine([ok("a", "x")])).toBe("1 check: 1 ok");
  const many = [ok("a", "x"), warn("b", "x", "y"), warn("c", "x", "y"), fail("d", "x", "y"), fail("e", "x", "y")];
  expect(closingLine(many)).toBe("5 checks: 1 ok, 2 warnings, 2 failures");
});
