/** In a child process: loads the addon, then the SDK, and says what came of it. */
import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { addonCandidates, loadBinding, packageRoot } from "../../../native/load.ts";
import { say, sayError } from "./child-lines.ts";

export async function reportAddon(): Promise<void> {
  say("start", { descriptors: openDescriptors() });
  try {
    const { abiVersion, runtimeSearch } = loadBinding();
    const present = presentAddons();
    const file = loadedAddon(present);
    say("addon", { file, abiVersion, search: runtimeSearch(), passed: reasonsToPass(present, file) });
  } catch (error) {
    sayError("addon-error", error, { tried: (error as { tried?: string[] }).tried });
    return;
  }
  const start = performance.now();
  try {
    await import("../../index.ts");
    say("sdk", { ms: performance.now() - start });
  } catch (error) {
    sayError("sdk-error", error);
  }
}

/** The addons that are there, in the loader's order. */
function presentAddons(): string[] {
  const root = packageRoot(dirname(fileURLToPath(import.meta.url)));
  return addonCandidates(root, process.env["EDGESTREAM_ADDON"]).filter((file) => existsSync(file));
}

/** The file that was loaded, as the kernel says; without /proc the first that is there. */
function loadedAddon(present: readonly string[]): string | undefined {
  try {
    return /\/[^\n]*\.node$/m.exec(readFileSync("/proc/self/maps", "utf8"))?.[0];
  } catch {
    return present[0];
  }
}

/** Why the loader went past those that come before the loaded one. */
function reasonsToPass(present: readonly string[], loaded: string | undefined): string[] {
  const require = createRequire(import.meta.url);
  const before = present.slice(
    0,
    present.findIndex((file) => realpathSync(file) === loaded),
  );
  return before.map((file) => {
    try {
      return `${file}: has ABI version ${require(file).abiVersion}`;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  });
}

/** The one that reads the list is not counted. */
function openDescriptors(): number | undefined {
  try {
    return readdirSync("/proc/self/fd").length - 1;
  } catch {
    return undefined;
  }
}
