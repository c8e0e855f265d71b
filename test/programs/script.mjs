/** Runs a module that a test has written: { text }. Its imports are this folder's. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const { text } = JSON.parse(process.argv[2] ?? "{}");
const here = dirname(fileURLToPath(import.meta.url));
const folder = mkdtempSync(join(here, "script-"));
try {
  writeFileSync(join(folder, "script.mjs"), text);
  await import(join(folder, "script.mjs"));
} finally {
  rmSync(folder, { recursive: true });
}
