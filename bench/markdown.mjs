/**
 * The results of the bench as a table for a Markdown page.
 *
 *   edgestream bench local --json > results.json && node bench/markdown.mjs results.json
 */
import { readFileSync } from "node:fs";

const headings = ["", "what", "value", "reference", "ratio", "required", "goal", "meets"];

/** Three digits that count; more where they are whole. */
function short(number) {
  if (number === null || number === undefined) return "";
  return number >= 1000 ? Math.round(number).toLocaleString("en-US") : String(Number(number.toPrecision(3)));
}

function limit({ of, atLeast }, number) {
  return `${of === "ratio" ? "" : "value "}${atLeast ? ">=" : "<="} ${short(number)}`;
}

function cells(row) {
  const against = row.reference === null ? "" : `${row.against}, ${short(row.reference)}`;
  const meets = row.meets === "no" ? "**no**" : row.meets;
  const limits = [limit(row, row.requirement), limit(row, row.goal)];
  return [row.id, row.what, `${short(row.value)} ${row.unit}`, against, short(row.ratio), ...limits, meets];
}

const { results } = JSON.parse(readFileSync(process.argv[2] ?? 0, "utf8"));
const line = (row) => `| ${row.join(" | ")} |`;
const rows = [headings, headings.map(() => "---"), ...results.map(cells)];
process.stdout.write(`${rows.map(line).join("\n")}\n`);
