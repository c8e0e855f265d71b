/** The report for a person: groups, one mark per line, long lines wrapped, colour where it is welcome. */
import { type Check, type CheckGroup, type Status, summarize } from "./check.ts";

export interface ReportStyle {
  /** Columns; undefined: no wrapping, for a file or another program. */
  columns: number | undefined;
  colour: boolean;
  unicode: boolean;
}

export function styleFor(stream: { isTTY?: boolean; columns?: number }, env: NodeJS.ProcessEnv): ReportStyle {
  const tty = stream.isTTY === true;
  const locale = env["LC_ALL"] || env["LC_CTYPE"] || env["LANG"] || "";
  return {
    columns: tty ? Math.max(40, stream.columns ?? 80) : undefined,
    // https://no-color.org: any value but an empty one.
    colour: tty && !env["NO_COLOR"] && env["TERM"] !== "dumb",
    unicode: /utf-?8/i.test(locale),
  };
}

const marks: Record<Status, { unicode: string; ascii: string; colour: number }> = {
  ok: { unicode: "✔", ascii: "ok  ", colour: 32 },
  warn: { unicode: "!", ascii: "warn", colour: 33 },
  fail: { unicode: "✘", ascii: "FAIL", colour: 31 },
  skip: { unicode: "-", ascii: "skip", colour: 90 },
};

export function renderReport(groups: readonly CheckGroup[], style: ReportStyle): string {
  const filled = groups.filter(({ checks }) => checks.length > 0);
  const all = filled.flatMap(({ checks }) => checks);
  const idWidth = Math.max(0, ...all.map(({ id }) => id.length));
  const parts = filled.map(({ title, checks }) => {
    const lines = checks.flatMap((check) => renderCheck(check, idWidth, style));
    return [paint(title, 1, style), ...lines, ""].join("\n");
  });
  return [parts.join("\n"), ...wrap(closingLine(all), 0, style), ...troubled(all, style)]
    .map((part) => `${part}\n`)
    .join("");
}

/** The ids again at the end: on a small screen the lines themselves have gone by. */
function troubled(checks: readonly Check[], style: ReportStyle): string[] {
  return (["fail", "warn"] as const).flatMap((status) => {
    const ids = checks.filter((check) => check.status === status).map(({ id }) => id);
    const { unicode, ascii, colour } = marks[status];
    const mark = style.unicode ? unicode : ascii;
    const [first, ...rest] = wrap(ids.join(" "), mark.length + 1, style);
    if (first === undefined || ids.length === 0) return [];
    return [`${paint(mark, colour, style)} ${first}`, ...rest.map((line) => " ".repeat(mark.length + 1) + line)];
  });
}

function renderCheck(check: Check, idWidth: number, style: ReportStyle): string[] {
  const { unicode, ascii, colour } = marks[check.status];
  const mark = style.unicode ? unicode : ascii;
  const head = `  ${paint(mark, colour, style)} ${check.id.padEnd(idWidth)}  `;
  // Where the id leaves too little beside it, the text goes below.
  const beside = 2 + mark.length + 1 + idWidth + 2;
  const narrow = style.columns !== undefined && style.columns - beside < 30;
  const indent = narrow ? 6 : beside;
  const finding = wrap(check.finding, indent, style);
  const lines = narrow
    ? [head.trimEnd(), ...finding.map((line) => " ".repeat(indent) + line)]
    : [head + (finding[0] ?? ""), ...finding.slice(1).map((line) => " ".repeat(indent) + line)];
  if (check.advice === null) return lines;
  const [first = "", ...rest] = wrap(check.advice, indent + 4, style);
  return [
    ...lines,
    `${" ".repeat(indent)}${paint("do:", colour, style)} ${first}`,
    ...rest.map((line) => " ".repeat(indent + 4) + line),
  ];
}

/** Words are kept whole, so that a path or a command can be copied. */
function wrap(text: string, indent: number, { columns }: ReportStyle): string[] {
  if (columns === undefined) return [text];
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= columns - indent)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function paint(text: string, colour: number, style: ReportStyle): string {
  return style.colour ? `\u001b[${colour}m${text}\u001b[0m` : text;
}

/** `31 checks: 28 ok, 2 warnings, 1 failure` */
export function closingLine(checks: readonly Check[]): string {
  const { total, ok, warn, fail, skip } = summarize(checks);
  const count = (number: number, one: string, many: string) => `${number} ${number === 1 ? one : many}`;
  const parts = [`${ok} ok`];
  if (warn > 0) parts.push(count(warn, "warning", "warnings"));
  if (fail > 0) parts.push(count(fail, "failure", "failures"));
  if (skip > 0) parts.push(`${skip} not applicable`);
  return `${count(total, "check", "checks")}: ${parts.join(", ")}`;
}
