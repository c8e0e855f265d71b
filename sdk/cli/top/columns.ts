/** Tables that fit: which columns are shown in so many columns of a terminal, how wide, and in which order the rows. */
import type { Glyphs } from "./glyphs.ts";
import { type Line, line, type Span, type Style } from "./line.ts";
import { columnsOf, justify } from "./text.ts";

export type Sortable = string | number | bigint | undefined;

export interface Column<Row> {
  /** What `--sort` calls it. */
  name: string;
  title: string;
  align: "left" | "right";
  /** Of two columns that do not both fit, the one with the lower rank stays. */
  rank: number;
  /** It is not shown in less. */
  width: number;
  /**
   * Where there is room, it grows to its longest text, up to `widest`; `rank` says who grows first. `whole`: a part of
   * it is of no use.
   */
  growth?: { widest: number; rank: number; whole?: boolean };
  cell(row: Row, width: number, glyphs: Glyphs): string;
  style?(row: Row): Style | undefined;
  /** Rows without a value come last, whatever the direction. Left out: nobody sorts by it. */
  sortBy?(row: Row): Sortable;
  /** Largest first, unless reversed. */
  descending?: boolean;
  /** Drawn, not written: only on a screen. */
  drawn?: boolean;
}

export interface SortOrder {
  column: string;
  reversed: boolean;
}

export interface PlacedColumn<Row> {
  column: Column<Row>;
  width: number;
}

const gap = 2;

interface Wish<Row> {
  column: Column<Row>;
  rank: number;
  grows: boolean;
}

/** The columns that fit into `room`, in their own order. */
export function placeColumns<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  room: number,
  glyphs: Glyphs,
): PlacedColumn<Row>[] {
  const wishes: Wish<Row>[] = columns.flatMap((column) => [
    { column, rank: column.rank, grows: false },
    ...(column.growth ? [{ column, rank: column.growth.rank, grows: true }] : []),
  ]);
  const widths = new Map<Column<Row>, number>();
  let left = room + gap;
  for (const { column, grows } of wishes.sort((a, b) => a.rank - b.rank)) {
    const width = widths.get(column);
    if (grows && width !== undefined) {
      const more = growthOf(column, width, left, rows, glyphs);
      widths.set(column, width + more);
      left -= more;
    } else if (!grows && (column.width + gap <= left || widths.size === 0)) {
      widths.set(column, Math.min(column.width, room));
      left = Math.max(0, left - column.width - gap);
    }
  }
  return columns.flatMap((column) => {
    const width = widths.get(column);
    return width === undefined ? [] : [{ column, width }];
  });
}

function growthOf<Row>(column: Column<Row>, width: number, left: number, rows: readonly Row[], glyphs: Glyphs): number {
  const wanted = Math.max(0, longest(column, rows, glyphs) - width);
  if (wanted > left && column.growth?.whole) return 0;
  return Math.min(wanted, left);
}

function longest<Row>(column: Column<Row>, rows: readonly Row[], glyphs: Glyphs): number {
  const widest = column.growth?.widest ?? column.width;
  if (column.drawn) return widest;
  const texts = rows.map((row) => columnsOf(column.cell(row, widest, glyphs)));
  return Math.min(widest, Math.max(column.title.length, ...texts));
}

/** A new array in the order asked for; rows that are equal in it keep the order they had. */
export function sortRows<Row>(rows: readonly Row[], columns: readonly Column<Row>[], order: SortOrder): Row[] {
  const column = columns.find(({ name }) => name === order.column);
  const sortKey = column?.sortBy?.bind(column);
  if (!column || !sortKey) return [...rows];
  const direction = (column.descending ?? false) === order.reversed ? 1 : -1;
  return [...rows].sort((a, b) => {
    const left = sortKey(a);
    const right = sortKey(b);
    if (left === undefined || right === undefined) return Number(left === undefined) - Number(right === undefined);
    return left === right ? 0 : left < right ? -direction : direction;
  });
}

export function headingLine<Row>(placed: readonly PlacedColumn<Row>[], order: SortOrder, glyphs: Glyphs): Line {
  const spans = placed.map(({ column, width }, index): Span => {
    const title = justify(column.title, width, column.align, glyphs.cut);
    const space = index === placed.length - 1 ? 0 : gap;
    if (column.name !== order.column) return { text: title + " ".repeat(space), style: "heading" };
    // The arrow stands in the gap, where it needs no room of its own.
    const falls = (column.descending ?? false) !== order.reversed;
    return { text: `${title}${falls ? glyphs.falling : glyphs.rising}`.padEnd(width + space), style: "sorted" };
  });
  return line(...spans);
}

export function rowLine<Row>(placed: readonly PlacedColumn<Row>[], row: Row, glyphs: Glyphs): Line {
  const spans = placed.flatMap(({ column, width }, index): Span[] => {
    const text = justify(column.cell(row, width, glyphs), width, column.align, glyphs.cut);
    const space = index === placed.length - 1 ? [] : [{ text: " ".repeat(gap) }];
    return [{ text, style: column.style?.(row) }, ...space];
  });
  return line(...spans);
}
