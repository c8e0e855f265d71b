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

export const ok = (id: string, finding: string): Check => ({ id, status: "ok", finding, advice: null });
export const skip = (id: string, finding: string): Check => ({ id, status: "skip", finding, advice: null });

/** It works, and something about it may hurt. */
export const warn = (id: string, finding: string, advice: string): Check => ({ id, status: "warn", finding, advice });

/** edgestream, or a part of what it is for, does not work here. */
export const fail = (id: string, finding: string, advice: string): Check => ({ id, status: "fail", finding, advice });

export type Summary = { total: number } & Record<Status, number>;

export function summarize(checks: readonly Check[]): Summary {
  const summary: Summary = { total: checks.length, ok: 0, warn: 0, fail: 0, skip: 0 };
  for (const { status } of checks) summary[status]++;
  return summary;
}
