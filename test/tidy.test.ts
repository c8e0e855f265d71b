/** The style guide as a test: layers, sizes, and words that must not stay in a file. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const generated = new Set(["node_modules", "build", "dist", "prebuilds", ".cache", ".git"]);

/** Every file of the repository by its path from the top. Not asked of git: a copy without its history counts too. */
function walk(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    if (generated.has(entry.name)) return [];
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    return entry.isDirectory() ? walk(path) : [path];
  });
}

const files = walk("").filter((file) => !file.endsWith(".tgz"));
const read = (file: string) => readFileSync(join(root, file), "utf8");
const isCode = (file: string) => /\.(ts|mts|mjs|js|c|h|cpp|hpp|cmake|sh)$/.test(file) || file === ".ci/run";
const code = files.filter(isCode);

const importForms = [
  /(?:^|\n)\s*(?:import|export)\s+(type\s)?(?:[^;"']*?\sfrom\s+)?["']([^"']+)["']/g,
  /import\(\s*()["']([^"']+)["']/g,
];

/** Every module that a text names in an import or an export, those of types included or not. */
function imports(text: string, withTypes: boolean): string[] {
  return importForms.flatMap((form) =>
    [...text.matchAll(form)].filter(([, type]) => withTypes || !type).map(([, , name]) => name as string),
  );
}

/** The repository's files that a file imports. */
function ownImports(file: string, withTypes = true): string[] {
  const own = imports(read(file), withTypes).filter((name) => name.startsWith("."));
  return own.map((name) => normalize(join(dirname(file), name)));
}

/** Which folders a folder may import from. Order: samples > sdk > {modes, transports} > native. */
const layers = [
  { folder: "native/", may: /^native\// },
  { folder: "modes/", may: /^(modes\/|native\/binding\.ts|sdk\/base\/)/ },
  { folder: "transports/", may: /^(transports\/|native\/(binding|load)\.ts|sdk\/base\/)/ },
  { folder: "sdk/base/", may: /^(sdk\/base\/|native\/binding\.ts)/ },
  { folder: "sdk/", may: /^(sdk|modes|transports|native)\// },
  { folder: "samples/", may: /^samples\// },
];

const typescript = files.filter((file) => /\.(ts|mts|mjs)$/.test(file));

describe("layers", () => {
  for (const { folder, may } of layers) {
    test(`${folder} imports only from ${may.source}`, () => {
      const inFolder = typescript.filter((file) => file.startsWith(folder));
      expect(inFolder.length).toBeGreaterThan(0);
      // The two files of native/ may name types of the SDK, which are gone after the build.
      const wrong = inFolder.flatMap((file) =>
        ownImports(file, folder !== "native/")
          .filter((target) => !may.test(target))
          .map((target) => `${file} imports ${target}`),
      );
      expect(wrong).toEqual([]);
    });
  }

  test("are read from every form of import", () => {
    const text = [
      'import "./a.ts";',
      'import { b, type B } from "./b.ts";',
      'import type { C } from "./c.ts";',
      'import {\n  d,\n} from "./d.ts";',
      'export * from "./e.ts";',
      'const f = await import("./f.ts");',
    ].join("\n");
    expect(imports(text, true).sort()).toEqual(["a", "b", "c", "d", "e", "f"].map((name) => `./${name}.ts`));
    expect(imports(text, false)).not.toContain("./c.ts");
  });

  test("samples and child programs import edgestream by its name", () => {
    const programs = typescript.filter((file) => file.startsWith("samples/") && file.endsWith(".mjs"));
    const wrong = programs.filter((file) =>
      imports(read(file), true).some((name) => /\/(dist|sdk|native)\//.test(name)),
    );
    expect(wrong).toEqual([]);
  });

  test("only the sources name the addon's folder", () => {
    const users = typescript.filter((file) => !file.startsWith("test/") && ownImports(file).some(isAddonLoader));
    expect(users.filter((file) => !/^(sdk|transports)\//.test(file))).toEqual([]);
  });

  test("C++ of the core includes nothing of Node", () => {
    const core = files.filter((file) => /^native\/(core|include)\//.test(file));
    expect(core.length).toBeGreaterThan(0);
    expect(core.filter((file) => /#include\s*[<"](napi|node_api|uv|v8|node)[./"]/.test(read(file)))).toEqual([]);
  });
});

function isAddonLoader(file: string): boolean {
  return file === "native/load.ts";
}

/** Every place where a pattern matches, as `file:line: text`. This file is left out: it names what it looks for. */
function matches(among: readonly string[], pattern: RegExp): string[] {
  const found: string[] = [];
  for (const file of among) {
    if (file === "test/tidy.test.ts") continue;
    for (const [index, line] of read(file).split("\n").entries()) {
      if (pattern.test(line)) found.push(`${file}:${index + 1}: ${line.trim()}`);
    }
  }
  return found;
}

describe("sizes", () => {
  test("no file has more than 400 lines", () => {
    const sizes = code.map((file) => ({ file, count: read(file).split("\n").length - 1 }));
    expect(sizes.filter(({ count }) => count > 400)).toEqual([]);
  });

  test("no line is longer than 120 columns", () => {
    expect(matches(code, /^.{121,}$/u)).toEqual([]);
  });

  test("no line ends in a space, no file uses tabs", () => {
    expect(matches(code, /[ \t]+$|\t/)).toEqual([]);
  });
});

describe("words", () => {
  test("nothing is left for later", () => {
    expect(matches(code, /\b(TODO|FIXME|XXX|HACK)\b/)).toEqual([]);
  });

  test("no test is switched off, and none is the only one", () => {
    const tests = files.filter((file) => file.startsWith("test/") && /\.(test|test-d)\.ts$/.test(file));
    expect(tests.length).toBeGreaterThan(0);
    expect(matches(tests, /\b(test|it|describe)(\.\w+)*\.(only|skip|todo)\b/)).toEqual([]);
  });

  test("no file knows the machine it was written on", () => {
    const textFiles = files.filter((file) => isCode(file) || /\.(md|json|txt)$/.test(file));
    expect(matches(textFiles, /(^|[\s"'`(=:])\/(home|Users|work|root)\//)).toEqual([]);
  });

  test("no file is named after nothing in particular", () => {
    expect(code.filter((file) => /(^|[/_-])(utils?|helpers?|manager|misc|common)([._-]|$)/.test(file))).toEqual([]);
  });
});

describe("package-lock.json", () => {
  const { packages } = JSON.parse(read("package-lock.json")) as {
    packages: Record<string, { version?: string; resolved?: string; optionalDependencies?: Record<string, string> }>;
  };

  test("names no registry, so that every mirror serves it", () => {
    expect(Object.keys(packages).filter((path) => packages[path]?.resolved !== undefined)).toEqual([]);
  });

  test("is whole: npm leaves out optional packages that its registry lacks, and `npm ci` then refuses the lock", () => {
    const names = new Set(Object.keys(packages).map((path) => path.replace(/^.*node_modules\//, "")));
    const optional = Object.values(packages).flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}));
    expect(optional.length).toBeGreaterThan(0);
    expect(optional.filter((name) => !names.has(name))).toEqual([]);
    expect(Object.keys(packages).filter((path) => packages[path]?.version === undefined)).toEqual([]);
  });
});
