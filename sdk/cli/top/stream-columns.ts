/** What the table of streams shows. */
import type { Column } from "./columns.ts";
import { shortBytes, shortCount, shortRate, shortTime, sparkline } from "./figures.ts";
import type { StreamRow } from "./model.ts";
import { shortState } from "./states.ts";
import { printable } from "./text.ts";

const name: Column<StreamRow> = {
  name: "name",
  title: "NAME",
  align: "left",
  rank: 1,
  width: 14,
  growth: { widest: 63, rank: 9 },
  cell: (row, _, glyphs) => printable(row.name, glyphs.unicode),
  sortBy: (row) => row.name,
};

/** The state of a stream that answers; of the others, why they do not. */
const state: Column<StreamRow> = {
  name: "state",
  title: "STATE",
  align: "left",
  rank: 2,
  width: 10,
  growth: { widest: 19, rank: 13, whole: true },
  cell: (row, width) => (row.status === "alive" ? shortState(row.state, width) : row.status),
  style: (row) => (row.status === "alive" ? undefined : row.status === "silent" ? "warn" : "bad"),
  sortBy: (row) => (row.status === "alive" ? row.state : row.status),
};

const format: Column<StreamRow> = {
  name: "format",
  title: "FORMAT",
  align: "left",
  rank: 8,
  width: 6,
  cell: (row, _, glyphs) => printable(row.info?.format.name || "-", glyphs.unicode),
  sortBy: (row) => row.info?.format.name || undefined,
};

const size: Column<StreamRow> = {
  name: "size",
  title: "SIZE",
  align: "right",
  rank: 7,
  width: 9,
  growth: { widest: 11, rank: 10 },
  cell: (row) => (pixelsOf(row) ? `${row.info?.format.width}x${row.info?.format.height}` : "-"),
  sortBy: pixelsOf,
  descending: true,
};

const fps: Column<StreamRow> = {
  name: "fps",
  title: "FPS",
  align: "right",
  rank: 3,
  width: 6,
  cell: (row) => shortRate(row.fps),
  style: (row) => (row.fps === 0 ? "warn" : undefined),
  sortBy: (row) => row.fps,
  descending: true,
};

const consumers: Column<StreamRow> = {
  name: "consumers",
  title: "CONS",
  align: "right",
  rank: 4,
  width: 4,
  cell: (row) => (row.info ? String(row.info.connections) : "-"),
  sortBy: (row) => row.info?.connections,
  descending: true,
};

const latency: Column<StreamRow> = {
  name: "latency",
  title: "LATENCY",
  align: "right",
  rank: 5,
  width: 7,
  cell: (row, _, glyphs) => shortTime(row.worstLatencyUs, glyphs.micro),
  sortBy: (row) => row.worstLatencyUs,
  descending: true,
};

const frames: Column<StreamRow> = {
  name: "frames",
  title: "FRAMES",
  align: "right",
  rank: 11,
  width: 6,
  growth: { widest: 12, rank: 16 },
  cell: (row, width) => (row.info ? countFor(row.info.frames, width) : "-"),
  sortBy: (row) => row.info?.frames,
  descending: true,
};

const slots: Column<StreamRow> = {
  name: "slots",
  title: "SLOTS",
  align: "right",
  rank: 14,
  width: 7,
  cell: (row) => (row.info ? `${row.info.slots - row.info.slotsFree}/${row.info.slots}` : "-"),
  sortBy: (row) => (row.info ? row.info.slots - row.info.slotsFree : undefined),
  descending: true,
};

const memory: Column<StreamRow> = {
  name: "memory",
  title: "MEMORY",
  align: "right",
  rank: 12,
  width: 7,
  cell: (row) => (row.info ? shortBytes(row.info.poolBytes) : "-"),
  sortBy: (row) => row.info?.poolBytes,
  descending: true,
};

const directory: Column<StreamRow> = {
  name: "directory",
  title: "DIRECTORY",
  align: "left",
  rank: 15,
  width: 16,
  growth: { widest: 40, rank: 17 },
  cell: (row, _, glyphs) => printable(row.directory, glyphs.unicode),
  sortBy: (row) => row.directory,
};

const lately: Column<StreamRow> = {
  name: "lately",
  title: "LATELY",
  align: "right",
  rank: 6,
  width: 8,
  growth: { widest: 60, rank: 18 },
  cell: (row, width, glyphs) => sparkline(row.history, width, glyphs.bars),
  drawn: true,
};

export const streamColumns: readonly Column<StreamRow>[] = [
  ...[name, state, format, size, fps, consumers, latency],
  ...[frames, slots, memory, directory, lately],
];

function pixelsOf(row: StreamRow): number | undefined {
  return row.info ? row.info.format.width * row.info.format.height || undefined : undefined;
}

/** All digits where there is room for them. */
export function countFor(count: bigint, width: number): string {
  const digits = String(count);
  return digits.length <= width ? digits : shortCount(count);
}
