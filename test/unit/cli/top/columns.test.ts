import fc from "fast-check";
import { expect, test } from "vitest";
import { type Column, headingLine, placeColumns, rowLine, sortRows } from "../../../../sdk/cli/top/columns.ts";
import { connectionColumns } from "../../../../sdk/cli/top/connection-columns.ts";
import { unicodeGlyphs } from "../../../../sdk/cli/top/glyphs.ts";
import { textOf } from "../../../../sdk/cli/top/line.ts";
import { streamColumns } from "../../../../sdk/cli/top/stream-columns.ts";
import { columnsOf } from "../../../../sdk/cli/top/text.ts";

interface Row {
  word: string;
  count: number | undefined;
}

const word: Column<Row> = {
  ...{ name: "word", title: "WORD", align: "left", rank: 1, width: 6 },
  growth: { widest: 12, rank: 3 },
  cell: (row) => row.word,
  sortBy: (row) => row.word,
};
const count: Column<Row> = {
  ...{ name: "count", title: "COUNT", align: "right", rank: 2, width: 5, descending: true },
  cell: (row) => String(row.count ?? "-"),
  sortBy: (row) => row.count,
};
const extra: Column<Row> = { name: "extra", title: "EXTRA", align: "left", rank: 4, width: 5, cell: () => "more" };
const columns = [extra, word, count];
const rows: Row[] = [
  { word: "one", count: 1 },
  { word: "eleven", count: undefined },
  { word: "eight", count: 8 },
];
const place = (room: number) =>
  placeColumns(columns, rows, room, unicodeGlyphs).map(({ column, width }) => `${column.name} ${width}`);

test("columns leave by their rank, and stand in their order", () => {
  expect(place(40)).toEqual(["extra 5", "word 6", "count 5"]);
  expect(place(20)).toEqual(["extra 5", "word 6", "count 5"]);
  expect(place(19)).toEqual(["word 6", "count 5"]);
  expect(place(12)).toEqual(["word 6"]);
  expect(place(3)).toEqual(["word 3"]);
});

test("a column grows to its longest text where there is room, before columns of a lower rank come", () => {
  const longer = [...rows, { word: "twenty-five", count: 25 }];
  const placed = (room: number) =>
    placeColumns(columns, longer, room, unicodeGlyphs).map(({ column, width }) => `${column.name} ${width}`);
  expect(placed(20)).toEqual(["word 11", "count 5"]);
  expect(placed(15)).toEqual(["word 8", "count 5"]);
  expect(placed(25)).toEqual(["extra 5", "word 11", "count 5"]);
});

test("rows without a value come last, upwards and downwards; equal ones keep their order", () => {
  const words = (order: { column: string; reversed: boolean }) => sortRows(rows, columns, order).map((row) => row.word);
  expect(words({ column: "word", reversed: false })).toEqual(["eight", "eleven", "one"]);
  expect(words({ column: "word", reversed: true })).toEqual(["one", "eleven", "eight"]);
  expect(words({ column: "count", reversed: false })).toEqual(["eight", "one", "eleven"]);
  expect(words({ column: "count", reversed: true })).toEqual(["one", "eight", "eleven"]);
  expect(words({ column: "extra", reversed: false })).toEqual(["one", "eleven", "eight"]);
  const same = [5, 1, 3].map((index) => ({ word: String(index), count: 7 }));
  expect(sortRows(same, columns, { column: "count", reversed: true }).map((row) => row.word)).toEqual(["5", "1", "3"]);
});

test("the arrow says which way the rows run, and takes no room from the titles", () => {
  const placed = placeColumns(columns, rows, 40, unicodeGlyphs);
  const heading = (column: string, reversed: boolean) =>
    textOf(headingLine(placed, { column, reversed }, unicodeGlyphs));
  expect(heading("word", false)).toBe("EXTRA  WORD  ▲ COUNT");
  expect(heading("count", false)).toBe("EXTRA  WORD    COUNT▼");
  expect(heading("count", true)).toBe("EXTRA  WORD    COUNT▲");
  expect(textOf(rowLine(placed, rows[0] as Row, unicodeGlyphs))).toBe("more   one         1");
});

test.each([
  ["streams", streamColumns],
  ["connections", connectionColumns],
] as const)("the table of %s has no two columns of a name or a rank, and titles that fit", (_, all) => {
  const ranks = all.flatMap(({ rank, growth }) => [rank, ...(growth ? [growth.rank] : [])]);
  expect(new Set(ranks).size).toBe(ranks.length);
  expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
  for (const { title, width } of all) expect(columnsOf(title)).toBeLessThanOrEqual(width);
});

test("whatever the room, the columns and their gaps fit into it, and one is always there", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300 }), (room) => {
      const placed = placeColumns(streamColumns, [], room, unicodeGlyphs);
      const used = placed.reduce((sum, { width }) => sum + width, 2 * (placed.length - 1));
      expect(placed.length).toBeGreaterThan(0);
      expect(used).toBeLessThanOrEqual(room);
    }),
  );
});
