import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findSockets } from "../../../sdk/cli/stream-survey.ts";

test("sockets are found by their names; directories that cannot be read have none", () => {
  const folder = mkdtempSync(join(tmpdir(), "edgestream-survey-"));
  for (const entry of ["b.sock", "a.sock", "a.lock", "notes.txt"]) writeFileSync(join(folder, entry), "");
  const found = findSockets(["/nonexistent", folder]);
  expect(found.map((each) => each.name)).toEqual(["a", "b"]);
  expect(found[0]).toEqual({ name: "a", directory: folder, socket: join(folder, "a.sock") });
  rmSync(folder, { recursive: true });
});

test("a file that no stream can have made is not one, whatever its name would do to a terminal", () => {
  const folder = mkdtempSync(join(tmpdir(), "edgestream-survey-"));
  for (const name of ["two words", ".hidden", "", "\u001b[2J", "x".repeat(64)]) {
    writeFileSync(join(folder, `${name}.sock`), "");
  }
  expect(findSockets([folder])).toEqual([]);
  rmSync(folder, { recursive: true });
});
