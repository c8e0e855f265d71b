/**
 * Writes docs/conformance.md from register.mjs: `node test/conformance/conformance-docs.mjs`. A test compares the file
 * with what this would write.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { register } from "./register.mjs";

const testFolder = dirname(dirname(fileURLToPath(import.meta.url)));
export const docsFile = join(dirname(testFolder), "docs/conformance.md");

const testFiles = readdirSync(testFolder, { recursive: true, encoding: "utf8" })
  .filter((name) => /\.test\.ts$|_test\.cpp$/.test(name))
  .map((name) => ({
    name: relative(testFolder, join(testFolder, name)),
    text: readFileSync(join(testFolder, name), "utf8"),
  }));

/** The files that have a test of this title: TEST("title"), test("title", test.each(...)("title". */
export function filesWith(title) {
  const literal = title.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const modifiers = "(?:\\.skipIf\\([^;]*?\\))?(?:\\.each(?:<[^(]*>)?\\([^;]*?\\))?";
  const call = new RegExp(`(\\btest${modifiers}|TEST)\\(\\s*"${literal}"`);
  return testFiles.filter(({ text }) => call.test(text)).map(({ name }) => name);
}

const cell = (text) => text.replaceAll("|", "\\|");

function proofOf({ tests = [], declined, pending }) {
  if (declined !== undefined) return `declined: ${declined}`;
  if (pending !== undefined) return "not there yet";
  return named(tests);
}

const named = (titles) => titles.map((title) => `${title} (${filesWith(title).join(", ")})`).join("; ");

export function conformanceDocs() {
  const rows = [...register].sort((a, b) => a.row - b.row);
  const lines = rows.map((each) => {
    const cells = [each.rule, each.eglstream, each.nvscistream, each.edgestream, proofOf(each), named(each.inC ?? [])];
    return `| ${each.row} | ${cells.map(cell).join(" | ")} |`;
  });
  const proven = rows.filter(({ tests }) => tests !== undefined).length;
  const declined = rows.filter((each) => each.declined !== undefined).length;
  const inC = rows.filter((each) => each.inC !== undefined).length;
  const missing = rows.length - proven - declined;
  return `# Conformance

What EGLStream and NvSciStream promise, and what edgestream makes of it. Written by
\`node test/conformance/conformance-docs.mjs\`; the tests are named, and run over each distance (in process, between
processes, over tcp, tls and WebSocket: [what differs](network.md#what-differs-from-a-local-stream)) and each mode
that the rule is about. Proven: ${proven}, of which ${inC} through the C interface as well. Declined: ${declined}.
Not there yet: ${missing}.

| | rule | EGLStream | NvSciStream | edgestream | test | test in C |
| --- | --- | --- | --- | --- | --- | --- |
${lines.join("\n")}
`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(docsFile, conformanceDocs());
