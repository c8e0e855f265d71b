/** What a page loads: a graph of relative modules that know nothing of Node, and the way to it in package.json. */
import { readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const entry = join(root, "sdk/browser/index.ts");
/** Imports and exports whose names are all types are gone after the build; verbatimModuleSyntax keeps all others. */
const statement = /(?:^|\n)(?:import|export)\s+(?!type\s)(?:[^;"']*?\sfrom\s+)?["']([^"']+)["']/g;
const dynamic = /\bimport\(\s*["']([^"']+)["']/g;

function importsOf(file: string): string[] {
  const text = readFileSync(file, "utf8");
  return [statement, dynamic].flatMap((form) => [...text.matchAll(form)].map(([, name]) => name as string));
}

/** Every module that the entry reaches, with what it imports. */
function graph(): Map<string, string[]> {
  const seen = new Map<string, string[]>();
  const open = [entry];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (seen.has(file)) continue;
    const imports = importsOf(file);
    seen.set(file, imports);
    for (const name of imports) if (name.startsWith(".")) open.push(join(dirname(file), name));
  }
  return seen;
}

const modules = graph();
const named = (file: string) => relative(root, file);

test("every import is relative, so that a page can load the files as they are", () => {
  expect([...modules.keys()].map(named)).toContain("transports/wire/decoder.ts");
  const bare = [...modules].flatMap(([file, imports]) =>
    imports.filter((name) => !/^\.\.?\/.*\.ts$/.test(name)).map((name) => `${named(file)} imports ${name}`),
  );
  expect(bare).toEqual([]);
});

test("no module uses what only Node has", () => {
  const code = (file: string) => readFileSync(file, "utf8").replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
  const users = [...modules.keys()].filter((file) =>
    /\b(process\.|Buffer\b|setImmediate|require\(|__dirname|NodeJS\.)/.test(code(file)),
  );
  expect(users.map(named)).toEqual([]);
});

test("the page loads few of them", () => {
  expect(modules.size).toBeLessThan(60);
  expect([...modules.keys()].map(named).filter((file) => /^sdk\/(cli|consumer\.ts|stream\.ts)/.test(file))).toEqual([]);
});

test("package.json leads to the built entry", () => {
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const built = `./dist/${named(entry).replace(/\.ts$/, "")}`;
  expect(exports["./browser"]).toEqual({ types: `${built}.d.ts`, default: `${built}.js` });
});
