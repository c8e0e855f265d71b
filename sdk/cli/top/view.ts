/** What the person at the keyboard looks at, and what a key makes of it. */
import { type Column, type SortOrder, sortRows } from "./columns.ts";
import { connectionColumns } from "./connection-columns.ts";
import type { ConnectionRow, StreamRow } from "./model.ts";
import { streamColumns } from "./stream-columns.ts";

/** A row that stays selected wherever the order moves it; when it is gone, the one that took its place is. */
export interface Selection {
  key: string | undefined;
  index: number;
}

export interface TopView {
  page: "streams" | "connections";
  help: boolean;
  paused: boolean;
  intervalMs: number;
  stream: Selection;
  connection: Selection;
  sort: { streams: SortOrder; connections: SortOrder };
}

/** What is on the screen, in its order. */
export interface Scene {
  streams: readonly StreamRow[];
  stream: StreamRow | undefined;
  connections: readonly ConnectionRow[];
  connection: ConnectionRow | undefined;
}

export type Key =
  | "up"
  | "down"
  | "pageup"
  | "pagedown"
  | "home"
  | "end"
  | "left"
  | "right"
  | "open"
  | "back"
  | "reverse"
  | "pause"
  | "faster"
  | "slower"
  | "help"
  | "quit"
  /** One that means nothing here. */
  | "other";

/** Selectable intervals, in ms. */
export const intervals = [100, 200, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000] as const;

const pageRows = 10;

export function firstView(intervalMs: number, sort: string): TopView {
  return {
    page: "streams",
    help: false,
    paused: false,
    intervalMs,
    stream: { key: undefined, index: 0 },
    connection: { key: undefined, index: 0 },
    sort: { streams: { column: sort, reversed: false }, connections: { column: "client", reversed: false } },
  };
}

export function sceneOf(view: TopView, rows: readonly StreamRow[]): Scene {
  const streams = sortRows(rows, streamColumns, view.sort.streams);
  const opened = streams.find(({ key }) => key === view.stream.key);
  // The page of a stream that is gone stays empty; it does not turn into its neighbour's.
  const stream = view.page === "streams" ? streams[indexOf(view.stream, streams)] : opened;
  const connections = sortRows(stream?.connections ?? [], connectionColumns, view.sort.connections);
  return { streams, stream, connections, connection: connections[indexOf(view.connection, connections)] };
}

/** -1: there are no rows. */
export function indexOf(selection: Selection, rows: readonly { key: string }[]): number {
  const index = rows.findIndex(({ key }) => key === selection.key);
  return index >= 0 ? index : Math.min(selection.index, rows.length - 1);
}

/** The view after a key; undefined: it is over. `shown` are the names of the columns on the screen. */
export function press(view: TopView, key: Key, scene: Scene, shown: readonly string[]): TopView | undefined {
  if (key === "quit") return undefined;
  if (view.help) return { ...view, help: false };
  switch (key) {
    case "help":
      return { ...view, help: true };
    case "pause":
      return { ...view, paused: !view.paused };
    case "faster":
      return { ...view, intervalMs: intervals.findLast((each) => each < view.intervalMs) ?? intervals[0] };
    case "slower":
      return { ...view, intervalMs: intervals.find((each) => each > view.intervalMs) ?? view.intervalMs };
    case "open":
      return open(view, scene);
    case "back":
      return { ...view, page: "streams" };
    case "other":
      return view;
    case "reverse":
    case "left":
    case "right":
      return resort(view, key, shown);
    default:
      return move(view, key, scene);
  }
}

function open(view: TopView, { stream, streams }: Scene): TopView {
  if (view.page !== "streams" || !stream) return view;
  const opened = { key: stream.key, index: indexOf(view.stream, streams) };
  return { ...view, page: "connections", stream: opened, connection: { key: undefined, index: 0 } };
}

function resort(view: TopView, key: "reverse" | "left" | "right", shown: readonly string[]): TopView {
  const order = view.sort[view.page];
  const change = (next: SortOrder) => ({ ...view, sort: { ...view.sort, [view.page]: next } });
  if (key === "reverse") return change({ ...order, reversed: !order.reversed });
  const columns: readonly Column<never>[] = view.page === "streams" ? streamColumns : connectionColumns;
  const names = columns.filter((each) => each.sortBy && shown.includes(each.name)).map(({ name }) => name);
  const at = names.indexOf(order.column);
  const next = key === "right" ? at + 1 : at < 0 ? names.length - 1 : at - 1;
  const column = names[(next + names.length) % Math.max(1, names.length)];
  return column === undefined ? view : change({ column, reversed: false });
}

function move(view: TopView, key: "up" | "down" | "pageup" | "pagedown" | "home" | "end", scene: Scene): TopView {
  const [which, rows] =
    view.page === "streams" ? (["stream", scene.streams] as const) : (["connection", scene.connections] as const);
  const from = indexOf(view[which], rows);
  const steps = { up: -1, down: 1, pageup: -pageRows, pagedown: pageRows, home: -rows.length, end: rows.length };
  const index = Math.max(0, Math.min(rows.length - 1, from + steps[key]));
  return { ...view, [which]: { key: rows[index]?.key, index } };
}
