/** The results for a person: one line and one sentence per row. */

function short(number) {
  if (number === null) return "-";
  if (Math.abs(number) >= 1000) return Math.round(number).toLocaleString("en-US");
  return number.toFixed(number >= 100 ? 0 : 2);
}

const headings = ["", "what", "value", "unit", "reference", "ratio", "required", "goal", "meets"];
const rightAligned = new Set([2, 4, 5]);

function cells({ id, what, value, unit, reference, ratio, requirement, goal, meets }) {
  return [id, what, short(value), unit, short(reference), short(ratio), requirement ?? "-", goal ?? "-", meets];
}

export function formatTable({ machine, results }) {
  const lines = [headings, ...results.map(cells)];
  const widths = headings.map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  const pad = (cell, column) =>
    rightAligned.has(column) ? cell.padStart(widths[column]) : cell.padEnd(widths[column]);
  const [heading, ...body] = lines.map((line) => line.map(pad).join("  ").trimEnd());
  const shares = machine.othersShare.map((share) => `${Math.round(share * 100)} %`).join(", ");
  return [
    `${machine.cpu}, ${machine.cpus} processors, kernel ${machine.kernel}, Node ${machine.node}, ${machine.compiler}`,
    `Medians of ${machine.rounds} rounds; others used up to ${shares} of the machine while a round was measured`,
    "",
    heading,
    ...body.flatMap((line, index) => [line, `${" ".repeat(widths[0] + 2)}${results[index].sentence}`]),
    "",
  ].join("\n");
}
