/** What the table of one stream's connections shows. */
import type { Column, Sortable } from "./columns.ts";
import { shortRate, shortTime, sparkline } from "./figures.ts";
import type { ConnectionRow } from "./model.ts";
import { shortState } from "./states.ts";
import { countFor } from "./stream-columns.ts";
import { printable } from "./text.ts";

const client: Column<ConnectionRow> = {
  name: "client",
  title: "CLIENT",
  align: "left",
  rank: 1,
  width: 12,
  growth: { widest: 63, rank: 10 },
  cell: (row, _, glyphs) => printable(row.info.client || "-", glyphs.unicode),
  sortBy: (row) => row.info.client,
};

const pid: Column<ConnectionRow> = {
  name: "pid",
  title: "PID",
  align: "right",
  rank: 11,
  width: 7,
  cell: (row) => String(row.info.pid),
  sortBy: (row) => row.info.pid,
};

const state: Column<ConnectionRow> = {
  name: "state",
  title: "STATE",
  align: "left",
  rank: 8,
  width: 10,
  growth: { widest: 19, rank: 15, whole: true },
  cell: (row, width) => shortState(row.state, width),
  sortBy: (row) => row.state,
};

const mode: Column<ConnectionRow> = {
  name: "mode",
  title: "MODE",
  align: "left",
  rank: 3,
  width: 9,
  cell: (row, _, glyphs) => printable(row.info.policy.label || "-", glyphs.unicode),
  sortBy: (row) => row.info.policy.label,
};

const fps: Column<ConnectionRow> = {
  name: "fps",
  title: "FPS",
  align: "right",
  rank: 2,
  width: 6,
  cell: (row) => shortRate(row.fps),
  style: (row) => (row.fps === 0 ? "warn" : undefined),
  sortBy: (row) => row.fps,
  descending: true,
};

const posted = counter("posted", "POSTED", 14, 6, (row) => row.info.posted);
const delivered = counter("delivered", "DELIVERED", 13, 9, (row) => row.info.delivered);
const skipped = counter("skipped", "SKIPPED", 4, 7, (row) => row.info.skipped);
const waiting = counter("waiting", "WAIT", 5, 4, (row) => row.info.waiting);
const held = counter("held", "HELD", 7, 4, (row) => row.info.held);
const p50 = duration("p50", "P50", 9, (row) => row.latency?.deliver.p50Us);
const p99 = duration("p99", "P99", 6, (row) => row.latency?.deliver.p99Us);

const lately: Column<ConnectionRow> = {
  name: "lately",
  title: "LATELY",
  align: "right",
  rank: 12,
  width: 8,
  growth: { widest: 60, rank: 17 },
  cell: (row, width, glyphs) => sparkline(row.history, width, glyphs.bars),
  drawn: true,
};

export const connectionColumns: readonly Column<ConnectionRow>[] = [
  ...[client, pid, state, mode, fps, posted, delivered, skipped, waiting, held, p50, p99, lately],
];

function counter(
  name: string,
  title: string,
  rank: number,
  width: number,
  count: (row: ConnectionRow) => bigint,
): Column<ConnectionRow> {
  const cell = (row: ConnectionRow, room: number) => countFor(count(row), room);
  return { name, title, align: "right", rank, width, cell, sortBy: count, descending: true };
}

function duration(
  name: string,
  title: string,
  rank: number,
  us: (row: ConnectionRow) => number | undefined,
): Column<ConnectionRow> {
  const sortBy = (row: ConnectionRow): Sortable => us(row);
  const cell: Column<ConnectionRow>["cell"] = (row, _, glyphs) => shortTime(us(row), glyphs.micro);
  return { name, title, align: "right", rank, width: 6, cell, sortBy, descending: true };
}
