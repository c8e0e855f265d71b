import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { addonCandidates, loadBinding, packageRoot } from "../../native/load.ts";

const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
const folder = mkdtempSync(join(tmpdir(), "edgestream-load-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Loads the addon in a program of its own: an addon stays loaded, and a bad one may leave traces. */
function loadWith(addon: string): { status: number | null; stderr: string } {
  const program = `import { loadBinding } from ${JSON.stringify(join(root, "dist/native/load.js"))}; loadBinding();`;
  const env = { ...process.env, EDGESTREAM_ADDON: addon };
  return spawnSync(process.execPath, ["--input-type=module", "-e", program], { env, encoding: "utf8" });
}

describe("the package's own folder", () => {
  test("is found from the sources and from dist, by the name in package.json", () => {
    expect(packageRoot(join(root, "native"))).toBe(root);
    expect(packageRoot(join(root, "dist/native"))).toBe(root);
  });

  test("is not another package that lies in between", () => {
    const inner = join(folder, "inner/dist");
    mkdirSync(inner, { recursive: true });
    writeFileSync(join(folder, "package.json"), '{ "name": "edgestream" }');
    writeFileSync(join(folder, "inner/package.json"), '{ "type": "module" }');
    expect(packageRoot(inner)).toBe(folder);
  });

  test("that does not exist is an error that names the place", () => {
    expect(() => packageRoot("/nowhere/at/all")).toThrow("/nowhere/at/all");
  });
});

describe("the addon", () => {
  test("built here comes before the one that came with the package; EDGESTREAM_ADDON excludes both", () => {
    const platform = `${process.platform}-${process.arch}`;
    expect(addonCandidates("/pkg", undefined)).toEqual([
      "/pkg/build/Release/edgestream.node",
      `/pkg/prebuilds/${platform}/edgestream.node`,
    ]);
    expect(addonCandidates("/pkg", "/elsewhere/a.node")).toEqual(["/elsewhere/a.node"]);
  });

  test("has what binding.ts promises", () => {
    const binding = loadBinding();
    expect(binding.abiVersion).toBe(1);
    expect(binding.states).toEqual([
      ...["initializing", "created", "connecting", "empty"],
      ...["new-frame-available", "old-frame-available", "disconnected"],
    ]);
    expect(binding.causes[4]).toBe("producer-lost");
    expect(binding.formatLayout("NV12", 641, 359)).toMatchObject({
      size: 641 * 359 + 642 * 180,
      planes: [
        { offset: 0, stride: 641, width: 641, height: 359 },
        { offset: 641 * 359, stride: 642, width: 321, height: 180 },
      ],
    });
  });
});

describe("a failure is a help page", () => {
  test("for a file that is not there", () => {
    const { status, stderr } = loadWith(join(folder, "missing.node"));
    expect(status).toBe(1);
    for (const part of ["missing.node", "no such file", process.version, "glibc", "What to do"]) {
      expect(stderr).toContain(part);
    }
  });

  test("for a file that is not an addon", () => {
    const broken = join(folder, "broken.node");
    writeFileSync(broken, "not an ELF file, but long enough to be read as the header of one by the loader");
    const { status, stderr } = loadWith(broken);
    expect(status).toBe(1);
    expect(stderr).toMatch(/invalid ELF header|file too short/);
    expect(stderr).toContain("What to do");
  });
});
