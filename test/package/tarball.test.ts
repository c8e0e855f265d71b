/** What `npm pack` makes is what a user gets: the files, their size, and that it runs without a compiler or scripts. */
import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

interface Packed {
  filename: string;
  size: number;
  unpackedSize: number;
  files: { path: string; size: number; mode: number }[];
}

const root = fileURLToPath(new URL("../..", import.meta.url));
const platform = `${process.platform}-${process.arch}`;
const folder = mkdtempSync(join(tmpdir(), "edgestream-package-"));
const project = join(folder, "project");
const bin = join(folder, "bin");
const installed = join(project, "node_modules/edgestream");
let packed: Packed;

afterAll(() => rmSync(folder, { recursive: true }));

/** npm as a script, so that it runs with any PATH. */
function npmScript(): string {
  const places = (process.env["PATH"] ?? "").split(delimiter).map((place) => join(place, "npm"));
  for (const place of places) {
    try {
      return realpathSync(place);
    } catch {
      // not in this folder of the PATH
    }
  }
  throw new Error("npm is not on the PATH");
}

function run(args: string[], cwd: string, env: NodeJS.ProcessEnv = process.env): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, args, { cwd, env, encoding: "utf8" });
}

/** Packs a folder; the file lies in `folder` afterwards. */
function pack(source: string, ...options: string[]): Packed {
  const result = run([npmScript(), "pack", source, "--json", "--pack-destination", folder, ...options], root);
  expect(result.status, result.stderr).toBe(0);
  const [first] = JSON.parse(result.stdout.slice(result.stdout.indexOf("["))) as Packed[];
  return first as Packed;
}

/** A program of the project that installed the package. Its PATH has node and nothing else: no compiler, no ffmpeg. */
function inProject(args: string[]): SpawnSyncReturns<string> {
  return run(args, project, { PATH: bin, HOME: folder, EDGESTREAM_RUNTIME_DIR: join(folder, "run") });
}

/** What a user's npm installs besides the package: its dependencies, and theirs. */
function dependencyFolders(): string[] {
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  const packages: [string, { dev?: boolean }][] = Object.entries(lock.packages);
  return packages.filter(([path, { dev }]) => path !== "" && !dev).map(([path]) => path);
}

beforeAll(() => {
  packed = pack(".");
  mkdirSync(bin);
  symlinkSync(process.execPath, join(bin, "node"));
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), '{ "name": "project", "private": true, "type": "module" }');
  // The dependencies come from this checkout, so that nothing is fetched from a registry.
  const tarballs = [packed, ...dependencyFolders().map((path) => pack(`./${path}`, "--ignore-scripts"))];
  const files = tarballs.map(({ filename }) => join(folder, filename));
  const install = inProject([npmScript(), "install", "--offline", "--ignore-scripts", "--no-audit", ...files]);
  expect(install.status, install.stderr).toBe(0);
});

describe("the tarball", () => {
  test("has the files that it needs", () => {
    const paths = packed.files.map(({ path }) => path);
    for (const file of [
      ...["package.json", "README.md", "CHANGELOG.md", "LICENSE", "native/include/edgestream.h"],
      ...["dist/sdk/index.js", "dist/sdk/index.d.ts", "dist/sdk/cli/bin.js", "dist/native/load.js"],
      ...["dist/sdk/browser/index.js", "dist/sdk/browser/index.d.ts"],
      ...["bench/local/run.mjs", "bench/limits/wake.c", "bench/remote/run.mjs", "bench/limits/tcp.c"],
      ...[`prebuilds/${platform}/edgestream.node`, `prebuilds/${platform}/libedgestream.so`],
      `prebuilds/${platform}/edgestream-probe`,
    ]) {
      expect(paths).toContain(file);
    }
  });

  test("has no others", () => {
    const wanted = [
      /^(package\.json|README\.md|CHANGELOG\.md|LICENSE)$/,
      /^dist\/(sdk|modes|transports|native)\/[a-z0-9/-]+\.(js|d\.ts)$/,
      /^prebuilds\/[a-z0-9]+-[a-z0-9]+\/(edgestream\.node|libedgestream\.so|edgestream-probe)$/,
      /^native\/include\/\w+\.h$/,
      /^bench\/([a-z]+\/)*[a-z_-]+\.(mjs|c|cpp|h)$/,
    ];
    expect(packed.files.filter(({ path }) => !wanted.some((pattern) => pattern.test(path)))).toEqual([]);
  });

  test("is small, because the binaries are stripped", () => {
    expect(packed.size).toBeLessThan(900_000);
    expect(packed.unpackedSize).toBeLessThan(3_000_000);
    const addon = packed.files.find(({ path }) => path === `prebuilds/${platform}/edgestream.node`);
    expect(addon?.size).toBeLessThan(750_000);
  });

  test("runs nothing when it is installed", () => {
    const { scripts } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
    expect(Object.keys(scripts).filter((name) => /^(pre|post)?install$|^prepare$/.test(name))).toEqual([]);
  });
});

const stream = `
import { createStream } from "edgestream";
const stream = await createStream({ mode: "fifo", fifoLength: 2, frame: { format: "GRAY8", width: 64, height: 48 } });
const consumer = await stream.connectConsumer();
const producer = await stream.connectProducer();
for (const value of [1, 2]) {
  const frame = await producer.acquire();
  frame.data.fill(value);
  await producer.post(frame);
}
producer.closeInput();
for await (const frame of consumer) console.log(String(frame.number), frame.data.length, frame.data[3071]);
await stream.close();
`;

describe("installed without compiler and scripts", () => {
  test("it runs a stream, and the program ends by itself", () => {
    writeFileSync(join(project, "main.mjs"), stream);
    const result = inProject(["main.mjs"]);
    expect(result.stderr).toBe("");
    expect(result.stdout).toBe("1 3072 1\n2 3072 2\n");
    expect(result.status).toBe(0);
  });

  test("it brings the command", () => {
    const result = inProject(["node_modules/.bin/edgestream", "--help"]);
    expect(result.stdout).toContain("edgestream");
    expect(result.status).toBe(0);
  });

  test("it brings the doctor, which finds nothing wrong with the installation", () => {
    const result = inProject(["node_modules/.bin/edgestream", "doctor", "--json"]);
    const { checks } = JSON.parse(result.stdout) as { checks: { id: string; status: string; finding: string }[] };
    const wrong = checks.filter(({ id, status }) => /^(platform|kernel|selftest)\./.test(id) && status === "fail");
    expect(wrong).toEqual([]);
    // The probe is a program; npm must have left it one.
    expect(checks.find(({ id }) => id === "kernel.memfd")?.status).toBe("ok");
    expect(checks.find(({ id }) => id === "platform.addon")?.finding).toContain(
      `prebuilds/${platform}/edgestream.node`,
    );
    expect(result.status).toBe(0);
  });

  test("a damaged addon ends with the help page", () => {
    const addon = join(installed, "prebuilds", platform, "edgestream.node");
    writeFileSync(addon, readFileSync(addon).fill(0, 0, 64)); // the ELF header
    const result = inProject(["main.mjs"]);
    expect(result.status).toBe(1);
    expect(result.stderr).toContain("edgestream cannot load its native addon");
    expect(result.stderr).toContain("What to do");
    expect(result.stderr).toContain(`prebuilds/${platform}/edgestream.node`);
  });

  test("what the doctor advises then makes it whole again", () => {
    const addonCheck = () => {
      const { stdout } = inProject(["node_modules/.bin/edgestream", "doctor", "--json"]);
      const { checks } = JSON.parse(stdout) as { checks: { id: string; status: string; advice: string | null }[] };
      return checks.find(({ id }) => id === "platform.addon");
    };
    const damaged = addonCheck();
    expect(damaged?.status).toBe("fail");
    expect(damaged?.advice).toBe(`cd ${realpathSync(project)} && rm -rf node_modules/edgestream && npm install`);
    rmSync(installed, { recursive: true });
    const again = inProject([npmScript(), "install", "--offline", "--ignore-scripts", "--no-audit"]);
    expect(again.status, again.stderr).toBe(0);
    expect(addonCheck()?.status).toBe("ok");
  });
});
