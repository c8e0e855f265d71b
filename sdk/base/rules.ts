/** Parts of which the rules for options are made. Every message says what was expected, what came, and what to do. */
import { z } from "zod";

export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "an array" : "an object";
  return typeof value === "function" ? "a function" : String(value);
}

export const says = (expected: string, hint = "") => ({
  error: (issue: { input?: unknown }) => `expected ${expected}, got ${shown(issue.input)}${hint && `; ${hint}`}`,
});

export function integer(min: number, max: number, hint = "") {
  const message = says(`an integer from ${min} to ${max}`, hint);
  return z.int(message).min(min, message).max(max, message).optional();
}

export function choice<const T extends readonly string[]>(values: T) {
  return z.enum(values, says(`one of ${values.map((value) => JSON.stringify(value)).join(", ")}`)).optional();
}

export function number(min: number, max: number) {
  const message = says(`a number from ${min} to ${max}`);
  return z.number(message).min(min, message).max(max, message).optional();
}

export const flag = z.boolean(says("true or false")).optional();
