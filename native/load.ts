/** Finds and loads the addon. It is either built here (`build/Release`) or came with the package (`prebuilds`). */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { NativeBinding } from "./binding.ts";

/** ES_ABI_VERSION of the header that `binding.ts` describes. */
const abiVersion = 1;

const require = createRequire(import.meta.url);

/** The folder of edgestream's own package.json: one level up in the sources, two in `dist`. */
export function packageRoot(from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    const file = join(folder, "package.json");
    if (existsSync(file) && JSON.parse(readFileSync(file, "utf8")).name === "edgestream") return folder;
    if (folder === dirname(folder)) throw new Error(`no package.json of edgestream in ${from} or above it`);
  }
}

/** Where the addon may be, best first. `EDGESTREAM_ADDON` names one file, and then no other is tried. */
export function addonCandidates(root: string, override: string | undefined): string[] {
  if (override) return [override];
  const platform = `${process.platform}-${process.arch}`;
  return [join(root, "build/Release/edgestream.node"), join(root, "prebuilds", platform, "edgestream.node")];
}

export function loadBinding(): NativeBinding {
  const root = packageRoot(dirname(fileURLToPath(import.meta.url)));
  const tried: string[] = [];
  for (const file of addonCandidates(root, process.env["EDGESTREAM_ADDON"])) {
    if (!existsSync(file)) {
      tried.push(`${file}\n      no such file`);
      continue;
    }
    try {
      const binding = require(file) as NativeBinding;
      if (binding.abiVersion === abiVersion) return binding;
      tried.push(`${file}\n      has ABI version ${binding.abiVersion}, this package needs ${abiVersion}`);
    } catch (error) {
      tried.push(`${file}\n      ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw Object.assign(new Error(helpPage(tried)), { code: "ERR_NO_BINDING", tried });
}

function helpPage(tried: readonly string[]): string {
  const here = `${process.platform}-${process.arch}`;
  return `edgestream cannot load its native addon.

  Tried, in this order:
${tried.map((line) => `    - ${line}`).join("\n")}

  This machine: ${here}, ${libc()}, Node ${process.version}
  The package brings an addon for linux-x64 with glibc 2.34 or newer and Node 20.19 or newer.

  What to do:
    - In a checkout of edgestream: run \`npm run build\`.
    - After \`npm install edgestream\`: remove node_modules/edgestream and install again; the file may be damaged.
    - On another platform: build in a checkout there and set EDGESTREAM_ADDON to its build/Release/edgestream.node.
    - In a bundle: leave edgestream external; it must find its own folder at run time.`;
}

/** The C library's version. Node's report knows it; only musl leaves it out. */
function libc(): string {
  // Otherwise the report would look up the names of all network peers, which may take minutes.
  Object.assign(process.report, { excludeNetwork: true });
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  const version = report.header?.glibcVersionRuntime;
  return version === undefined ? "no glibc (musl?)" : `glibc ${version}`;
}
