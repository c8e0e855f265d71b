/** This package's version, for --version and for what is written into files. */
import { readFileSync } from "node:fs";

export function packageVersion(): string {
  // From dist/sdk/cli/ and from sdk/cli/ alike the package's root is found by going up.
  for (const up of ["../../../package.json", "../../package.json"]) {
    try {
      const found: unknown = JSON.parse(readFileSync(new URL(up, import.meta.url), "utf8"));
      if (typeof found === "object" && found !== null && "version" in found) return String(found.version);
    } catch {
      // Not here; the next place up may have it.
    }
  }
  return "unknown";
}
