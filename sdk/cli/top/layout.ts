/** The screen: from what is known, what is looked at, and how much room there is, to lines. Pure. */
import { type Column, headingLine, placeColumns, rowLine } from "./columns.ts";
import { connectionColumns } from "./connection-columns.ts";
import { connectionPane } from "./connection-pane.ts";
import { shortBytes, shortRate } from "./figures.ts";
import type { Glyphs } from "./glyphs.ts";
import { helpLines } from "./help-page.ts";
import { fitLine, type Line, line } from "./line.ts";
import type { StreamRow } from "./model.ts";
import { shortState } from "./states.ts";
import { streamColumns } from "./stream-columns.ts";
import { printable } from "./text.ts";
import { indexOf, type Scene, type Selection, type TopView } from "./view.ts";

export interface Size {
  columns: number;
  rows: number;
}

export interface Surroundings {
  /** Time of day of what is shown. */
  clock: string;
  directories: readonly string[];
  glyphs: Glyphs;
}

/** Never more lines than rows, and none wider than the screen. */
export function layOut(view: TopView, scene: Scene, size: Size, around: Surroundings): Line[] {
  const room = size.rows - 2;
  const lines = [titleLine(view, scene, around), ...bodyOf(view, scene, { ...size, rows: room }, around)];
  // The keys stand on the last row, wherever the table ends.
  while (lines.length < size.rows - 1) lines.push(line());
  lines.push(footerLine(view, size, around.glyphs));
  return lines.slice(0, Math.max(0, size.rows)).map((each) => fitLine(each, size.columns, around.glyphs.cut));
}

/** The names of the columns that are on the screen. */
export function shownColumns(view: TopView, scene: Scene, size: Size, glyphs: Glyphs): string[] {
  const placed =
    view.page === "streams"
      ? placeColumns(streamColumns, scene.streams, tableRoom(size), glyphs)
      : placeColumns(connectionColumns, scene.connections, tableRoom(size), glyphs);
  return placed.map(({ column }) => column.name);
}

/** The arrow of the last heading needs a column. */
function tableRoom(size: Size): number {
  return Math.max(1, size.columns - 1);
}

function titleLine(view: TopView, { streams }: Scene, { clock }: Surroundings): Line {
  const consumers = streams.reduce((sum, { info }) => sum + (info?.connections ?? 0), 0);
  const counts = `${counted(streams.length, "stream")}, ${counted(consumers, "consumer")}`;
  const every = `every ${view.intervalMs / 1000} s`;
  return line(
    { text: "edgestream top", style: "title" },
    `  ${clock}  ${every}  ${counts}`,
    ...(view.paused ? ["  ", { text: "paused", style: "warn" as const }] : []),
  );
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

function footerLine(view: TopView, size: Size, { arrows }: Glyphs): Line {
  const keys = view.help
    ? ["any key goes back", "q quit"]
    : view.page === "streams"
      ? [`${arrows.vertical} select`, "Enter connections", `${arrows.horizontal} sort`, ...commonKeys(view)]
      : ["Esc back", `${arrows.vertical} select`, `${arrows.horizontal} sort`, ...commonKeys(view)];
  // From the left as many as fit, and always the two at the end.
  const last = keys.slice(-2);
  const first = keys.slice(0, -2);
  while (first.length > 0 && [...first, ...last].join("  ").length > size.columns) first.pop();
  return line({ text: [...first, ...last].join("  "), style: "dim" });
}

function commonKeys(view: TopView): string[] {
  return ["r reverse", view.paused ? "p go on" : "p pause", "+- interval", "? help", "q quit"];
}

function bodyOf(view: TopView, scene: Scene, size: Size, around: Surroundings): Line[] {
  if (view.help) return helpLines(around.glyphs).slice(0, Math.max(0, size.rows));
  if (view.page === "connections") return connectionsPage(view, scene, size, around);
  if (scene.streams.length > 0) return table(streamColumns, scene.streams, view, size, around.glyphs);
  return [
    line(),
    line("no streams; start one with: edgestream source test: --name bars"),
    ...around.directories.map((each) =>
      line({ text: `looked in ${printable(each, around.glyphs.unicode)}`, style: "dim" }),
    ),
  ];
}

/** With less room for the table beside it, the pane is not shown: heading and three connections. */
const tableRowsMin = 4;

function connectionsPage(view: TopView, scene: Scene, size: Size, around: Surroundings): Line[] {
  const { stream, connection, connections } = scene;
  if (!stream) return [line(), line("this stream has ended; Esc goes back to the others")];
  const summary = streamLine(stream, size.columns, around.glyphs);
  if (connections.length === 0) {
    const why = stream.status === "alive" ? `no consumers; try: edgestream pull ${stream.name} --as null` : "";
    return [summary, line(), line(why)];
  }
  const whole = connection ? connectionPane(connection, size.columns, around.glyphs) : [];
  const pane = size.rows - 1 - whole.length >= tableRowsMin ? whole : [];
  const room = { ...size, rows: size.rows - 1 - pane.length };
  const rows = table(connectionColumns, connections, view, room, around.glyphs);
  while (rows.length < room.rows && pane.length > 0) rows.push(line());
  return [summary, ...rows, ...pane];
}

/** Narrower than this, states are written short. */
const wideFrom = 100;

function streamLine({ name, status, state, info, fps }: StreamRow, columns: number, { unicode }: Glyphs): Line {
  const title = { text: printable(name, unicode), style: "title" } as const;
  if (status !== "alive" || !info) return line(title, "  ", { text: status, style: "bad" });
  const { format, frames, slots, slotsFree, poolBytes } = info;
  const picture = format.name ? `  ${printable(format.name, unicode)} ${format.width}x${format.height}` : "";
  const pool = `slots ${slots - slotsFree}/${slots}  ${shortBytes(poolBytes)}`;
  const shown = shortState(state, columns < wideFrom ? 10 : 19);
  return line(title, `  ${shown}${picture}  ${shortRate(fps)} fps  ${frames} frames  ${pool}`);
}

function table<Row extends { key: string }>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  view: TopView,
  size: Size,
  glyphs: Glyphs,
): Line[] {
  const placed = placeColumns(columns, rows, tableRoom(size), glyphs);
  const selected = indexOf(selectionOf(view), rows);
  const room = Math.max(1, size.rows - 1);
  const from = Math.max(0, Math.min(selected - Math.floor(room / 2), rows.length - room));
  const shown = rows.slice(from, from + room);
  return [
    headingLine(placed, view.sort[view.page], glyphs),
    ...shown.map((row, index) => ({ ...rowLine(placed, row, glyphs), selected: from + index === selected })),
  ];
}

function selectionOf(view: TopView): Selection {
  return view.page === "streams" ? view.stream : view.connection;
}
