/** One line of the doctor's report. */

/** skip: it does not apply here, such as a GPU that is not there. */
export type Status = "ok" | "warn" | "fail" | "skip";

export interface Check {
  /** Stable: scripts match on it, docs/doctor.md lists it. */
  id: string;
  status: Status;
  /** One sentence with the fact that was measured. */
  finding: string;
  /** What to do, with the exact command or option. null when there is nothing to do. */
  advice: string | null;
}

export interface CheckGroup {
  title: string;
  checks: Check[];
}

function check(id: string, status: Status, finding: string, advice: string | null): Check {
  return { id, status, finding: oneLine(finding), advice: advice === null ? null : oneLine(advice) };
}

/** Paths and other programs' words may hold anything, line ends and terminal commands included. */
function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
  return text.replace(/[\u0000-\u001f\u007f-\u009f]+\s*/g, " ").trim();
}

export function ok(id: string, finding: string): Check {
  return check(id, "ok", finding, null);
}

export function skip(id: string, finding: string): Check {
  return check(id, "skip", finding, null);
}

/** It works, and something about it may hurt. */
export function warn(id: string, finding: string, advice: string): Check {
  return check(id, "warn", finding, advice);
}

/** edgestream, or a part of what it is for, does not work here. */
export function fail(id: string, finding: string, advice: string): Check {
  return check(id, "fail", finding, advice);
}

export type Summary = { total: number } & Record<Status, number>;

export function summarize(checks: readonly Check[]): Summary {
  const summary: Summary = { total: checks.length, ok: 0, warn: 0, fail: 0, skip: 0 };
  for (const { status } of checks) summary[status]++;
  return summary;
}
