/** The register of rules: nothing in it is without a proof, and the docs say what it says. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { conformanceDocs, docsFile, filesWith } from "./conformance-docs.mjs";
import { register } from "./register.mjs";

/** Of the checklist; the rest belongs to other memory and its fences. */
const expectedRows = [...range(1, 26), ...range(31, 70)];

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

test("each rule of the checklist has one entry", () => {
  expect(register.map(({ row }) => row).sort((a, b) => a - b)).toEqual(expectedRows);
});

test("only elements and export by descriptor may be declined", () => {
  expect(register.filter(({ declined }) => declined !== undefined).map(({ row }) => row)).toEqual([42, 44, 58]);
});

test("each rule that is neither declined nor pending names tests that exist", () => {
  for (const { row, tests, declined, pending } of register) {
    if (declined !== undefined || pending !== undefined) continue;
    expect(tests ?? [], `row ${row}`).not.toEqual([]);
    for (const title of tests ?? []) expect(filesWith(title), `row ${row}: ${title}`).not.toEqual([]);
  }
});

test("what is said to be proven in C has native tests, for rules that are proven", () => {
  const rows = register.filter(({ inC }) => inC !== undefined);
  expect(rows.length).toBeGreaterThan(40);
  for (const { row, tests, inC } of rows) {
    expect(tests, `row ${row}`).toBeDefined();
    for (const title of inC ?? []) {
      const files = filesWith(title);
      expect(files, `row ${row}: ${title}`).not.toEqual([]);
      for (const file of files) expect(file).toMatch(/^native\//);
    }
  }
});

test("docs/conformance.md is what the register says", () => {
  expect(readFileSync(docsFile, "utf8")).toBe(conformanceDocs());
});
