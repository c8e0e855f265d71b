/** The results for a person: one line and one sentence per row, in 120 columns. */

const width = 120;

export function short(number) {
  if (number === null) return "-";
  if (number !== 0 && Math.abs(number) < 0.01) return number.toFixed(4);
  if (Math.abs(number) >= 1000) return Math.round(number).toLocaleString("en-US");
  if (Number.isInteger(number)) return String(number);
  return number.toFixed(Math.abs(number) >= 100 ? 0 : 2);
}

/** ">= 2x" for a ratio, "<= 600" for a value. */
function limit({ of, atLeast }, number) {
  if (number === null || of === null) return "-";
  return `${atLeast ? ">=" : "<="} ${number >= 10_000 ? `${number / 1000}k` : number}${of === "ratio" ? "x" : ""}`;
}

const headings = ["", "what", "value", "unit", "reference", "ratio", "required", "goal", "meets"];
const rightAligned = new Set([2, 4, 5]);

function cells(result) {
  const { id, what, value, unit, reference, ratio, requirement, goal, meets = "" } = result;
  const ratioText = ratio === null ? "-" : `${short(ratio)}x`;
  const limits = [limit(result, requirement), limit(result, goal)];
  return [id, what, short(value), unit, short(reference), ratioText, ...limits, meets];
}

/** Lines of at most 120 columns, all but the first indented. */
function wrap(text, indent) {
  const lines = [];
  let line = indent;
  for (const word of text.split(" ")) {
    if (line.length + word.length + 1 > width && line.trim() !== "") {
      lines.push(line);
      line = indent;
    }
    line = line.trim() === "" ? line + word : `${line} ${word}`;
  }
  return [...lines, line];
}

const shorten = (text) => (text.length > width ? `${text.slice(0, width - 3)}...` : text);

function explain({ against, sentence, reason }) {
  const reference = against === null ? [] : [`Reference: ${against}.`];
  const missing = reason === undefined ? [] : [`Missing: ${shorten(reason)}`];
  return [...reference, sentence, ...missing].join(" ");
}

function block(results) {
  const lines = [headings, ...results.map(cells)];
  const widths = headings.map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  const pad = (cell, column) =>
    rightAligned.has(column) ? cell.padStart(widths[column]) : cell.padEnd(widths[column]);
  const [heading, ...body] = lines.map((line) => line.map(pad).join(" ").trimEnd());
  return [heading, ...body.flatMap((line, index) => [line, ...wrap(explain(results[index]), "    ")])];
}

const percent = (share) => `${Math.round(share * 100)} %`;

function machineLines({ cpu, cpus, memoryGiB, kernel, node, compiler, rounds, othersShare, seconds }) {
  const shares = othersShare.length === 0 ? "0 %" : othersShare.map(percent).join(", ");
  return [
    ...wrap(`${cpu}, ${cpus} processors, ${memoryGiB} GiB, kernel ${kernel}, Node ${node}, ${compiler}`, ""),
    `Medians of ${rounds} rounds in ${seconds} s; others used up to ${shares} of the machine in a round`,
  ];
}

function tallyLine(results) {
  const count = (verdict) => results.filter(({ meets }) => meets === verdict).length;
  const verdicts = ["goal", "requirement", "no", "no-reference"];
  return `${results.length} rows: ${verdicts.map((verdict) => `${verdict} ${count(verdict)}`).join(", ")}`;
}

/** Lines of one table of a series: an array of equal objects. */
function seriesLines(title, points) {
  const keys = [...new Set(points.flatMap((point) => Object.keys(point)))];
  const text = (value) => (typeof value === "number" ? short(value) : String(value ?? "-"));
  const lines = [keys, ...points.map((point) => keys.map((key) => text(point[key])))];
  const widths = keys.map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  return ["", title, ...lines.map((line) => `  ${line.map((cell, i) => cell.padStart(widths[i])).join("  ")}`)];
}

export function formatTable({ machine, results, context, series }) {
  const lines = [...machineLines(machine)];
  if (results.length > 0) lines.push("", ...block(results), "", tallyLine(results));
  if (context.length > 0) lines.push("", "For context", ...block(context));
  for (const { title, points } of Object.values(series ?? {})) lines.push(...seriesLines(title, points));
  return `${lines.join("\n")}\n`;
}
