/** What the doctor's child processes say: one JSON object per line on stdout. */
import { writeSync } from "node:fs";
import { codeOf } from "../failure.ts";

export interface ChildLine {
  kind: string;
  [field: string]: unknown;
}

/** Written at once: the next step may end this process. */
export function say(kind: string, fields: object = {}): void {
  const json = JSON.stringify({ kind, ...fields }, (_key, each) => (typeof each === "bigint" ? Number(each) : each));
  writeSync(1, `${json}\n`);
}

export function sayError(kind: string, error: unknown, fields: object = {}): void {
  const message = error instanceof Error ? error.message : String(error);
  say(kind, { code: codeOf(error) ?? "ERR_UNEXPECTED", message, ...fields });
}

export function parseLines(text: string): ChildLine[] {
  return text.split("\n").flatMap((line) => {
    try {
      const value: unknown = JSON.parse(line);
      return typeof value === "object" && value !== null && "kind" in value ? [value as ChildLine] : [];
    } catch {
      // A line that was cut when its writer was killed.
      return [];
    }
  });
}
