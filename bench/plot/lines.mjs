/** Line plots over the number of consumers, both axes logarithmic. */
import { dot, label, line, path, text } from "./svg.mjs";

const margin = { left: 64, right: 92, top: 34, bottom: 40 };

/** 1, 10, 100 … around the numbers. */
function decades(numbers) {
  const first = Math.floor(Math.log10(Math.min(...numbers)));
  const last = Math.max(first + 1, Math.ceil(Math.log10(Math.max(...numbers))));
  return Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index));
}

const labelHeight = 30;

/** Moves labels apart that would lie on each other. */
function spreadOut(labels) {
  const sorted = [...labels].sort((a, b) => a.y - b.y);
  for (let i = 1; i < sorted.length; i++) {
    const overlap = labelHeight - (sorted[i].y - sorted[i - 1].y);
    if (overlap <= 0) continue;
    sorted[i - 1].y -= overlap / 2;
    sorted[i].y += overlap / 2;
  }
  return sorted;
}

/**
 * @param {{ name: string, kind: "ours" | "peer", points: { consumers: number }[] }[]} lines
 * @param {string} key  which figure of the points
 * @returns {string[]}
 */
export function consumerPlot(title, lines, key, box) {
  const drawn = lines
    .map((each) => ({ ...each, points: each.points.filter((point) => point[key] > 0) }))
    .filter(({ points }) => points.length > 0);
  if (drawn.length === 0) return [text(box.x, box.y + 16, `${title}: not measured`, "quiet")];
  const all = drawn.flatMap(({ points }) => points);
  const counts = [...new Set(all.map(({ consumers }) => consumers))].sort((a, b) => a - b);
  const ticks = decades(all.map((point) => point[key]));
  const [left, right] = [box.x + margin.left, box.x + box.width - margin.right];
  const [top, bottom] = [box.y + margin.top, box.y + box.height - margin.bottom];
  const along = (value, low, high, from, to) => from + (Math.log(value / low) / Math.log(high / low)) * (to - from);
  const toX = (consumers) => along(consumers, counts[0], Math.max(2, counts.at(-1)), left, right);
  const toY = (value) => along(value, ticks[0], ticks.at(-1), bottom, top);

  const parts = [text(box.x, box.y + 16, title, "text title")];
  for (const tick of ticks) {
    parts.push(line(left, toY(tick), right, toY(tick), tick === ticks[0] ? "axis" : "grid"));
    parts.push(text(left - 8, toY(tick) + 4, label(tick), "quiet small", "end"));
  }
  for (const count of counts) parts.push(text(toX(count), bottom + 18, count, "quiet small", "middle"));
  parts.push(text((left + right) / 2, bottom + 34, "consumers", "quiet small", "middle"));
  for (const { kind, points } of drawn) {
    const places = points.map((point) => [toX(point.consumers), toY(point[key])]);
    parts.push(path(places, `${kind}Line`), ...places.map(([x, y]) => dot(x, y, kind === "ours" ? "ours" : "behind")));
  }
  const ends = drawn.map(({ name, kind, points }) => ({ name, kind, value: points.at(-1)[key] }));
  for (const { name, kind, value, y } of spreadOut(ends.map((each) => ({ ...each, y: toY(each.value) })))) {
    parts.push(
      text(right + 9, y - 3, name, `${kind}Text small`),
      text(right + 9, y + 10, label(value), `${kind}Text small`),
    );
  }
  return parts;
}
