/** In a child process: loads the addon, then the SDK, and says what came of it. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { addonCandidates, loadBinding, packageRoot } from "../../../native/load.ts";
import { say, sayError } from "./child-lines.ts";

export async function reportAddon(): Promise<void> {
  say("start", { descriptors: openDescriptors() });
  try {
    const { abiVersion, runtimeSearch } = loadBinding();
    say("addon", { file: loadedFile(), abiVersion, search: runtimeSearch() });
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

/** The file that was loaded, as the kernel says; without /proc the one that the loader would take. */
function loadedFile(): string | undefined {
  try {
    return /\/[^\n]*\.node$/m.exec(readFileSync("/proc/self/maps", "utf8"))?.[0];
  } catch {
    const root = packageRoot(dirname(fileURLToPath(import.meta.url)));
    return addonCandidates(root, process.env["EDGESTREAM_ADDON"]).find((file) => existsSync(file));
  }
}

/** The one that reads the list is not counted. */
function openDescriptors(): number | undefined {
  try {
    return readdirSync("/proc/self/fd").length - 1;
  } catch {
    return undefined;
  }
}
