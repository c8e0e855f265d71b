/** Bars: how many times better than a peer, on a logarithmic scale that starts at 1x. */
import { line, rect, text } from "./svg.mjs";

/** Rows that compare with a peer, as a reader wants them named. */
const compared = [
  ["D1", "Frames per second, zero-copy"],
  ["D4", "Frames per second, filled by memcpy"],
  ["D19 ZeroMQ", "Frames per second, filled by memcpy"],
  ["D19 Node", "Frames per second, filled by memcpy"],
  ["D19 ffmpeg", "Frames per second, filled by memcpy"],
  ["D8", "Wake-up on one core"],
  ["D10", "Wake-up between cores"],
  ["D9 iceoryx", "Wake-up between cores, polling"],
  ["D11 p50", "Latency of a frame at 60 fps"],
  ["D12 N=1", "Producer CPU per frame, 1 consumer"],
  ["D12 N=4", "Producer CPU per frame, 4 consumers"],
  ["D13 flood", "Consumer CPU per frame"],
  ["D13 60 fps", "Consumer CPU per frame at 60 fps"],
];

const rowHeight = 24;
const labelWidth = 420;
const valueWidth = 60;
const ticks = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100];

/** Times better: a ratio that should be large is it, one that should be small is turned over. */
const timesBetter = (ratio, atLeast) => (atLeast ? ratio : 1 / ratio);

export function comparisons(results) {
  return compared.flatMap(([id, what]) => {
    const found = results.find((result) => result.id === id);
    if (!(found?.ratio > 0)) return [];
    const { ratio, atLeast, of, goal, against } = found;
    const wanted = of === "ratio" ? timesBetter(goal, atLeast) : undefined;
    return [{ what, against, times: timesBetter(ratio, atLeast), goal: wanted }];
  });
}

/** @returns {{ parts: string[], height: number }} */
export function bars(results, x, y, width) {
  const found = comparisons(results);
  const smallest = Math.min(0.9, ...found.map(({ times }) => times));
  const largest = Math.max(2, ...found.flatMap(({ times, goal = 1 }) => [times, goal]));
  const left = x + labelWidth;
  const scale = (times) =>
    left + (Math.log(times / smallest) / Math.log(largest / smallest)) * (width - labelWidth - valueWidth);
  const bottom = y + found.length * rowHeight;
  const parts = [];
  for (const tick of ticks.filter((each) => each >= smallest && each <= largest)) {
    parts.push(line(scale(tick), y - 4, scale(tick), bottom, tick === 1 ? "axis" : "grid"));
    parts.push(text(scale(tick), bottom + 16, `${tick}x`, "quiet small", "middle"));
  }
  for (const [index, { what, against, times, goal }] of found.entries()) {
    const top = y + index * rowHeight;
    const ends = [scale(1), scale(times)].sort((a, b) => a - b);
    parts.push(text(x, top + 14, what));
    parts.push(text(left - 12, top + 14, against, "quiet small", "end"));
    parts.push(rect(ends[0], top + 3, Math.max(1, ends[1] - ends[0]), rowHeight - 9, times >= 1 ? "ours" : "behind"));
    const tick = goal === undefined || goal === 1 ? undefined : scale(goal);
    if (tick !== undefined) parts.push(line(tick, top + 1, tick, top + rowHeight - 4, "goal"));
    const end = Math.max(...ends);
    const collides = tick !== undefined && tick > end && tick < end + valueWidth * 0.7;
    parts.push(text((collides ? tick : end) + 6, top + 15, `${times.toFixed(times < 10 ? 1 : 0)}x`));
  }
  return { parts, height: found.length * rowHeight + 24 };
}
