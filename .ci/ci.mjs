/** `node .ci/ci.mjs check|test|long|bench`: the same commands here and in CI, with the time of each part. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { buildNative, root } from "./setup.mjs";

const parts = [];
const counts = { passed: 0, failed: 0 };

function part(name, work) {
  console.log(`\n== ${name}`);
  const start = performance.now();
  const ok = work();
  parts.push({ name, ok, seconds: (performance.now() - start) / 1000 });
}

function program(command, args, env = {}) {
  const result = spawnSync(command, args, { cwd: root, stdio: "inherit", env: { ...process.env, ...env } });
  return result.status === 0;
}

const tool = (path, ...args) => program(process.execPath, [join(root, "node_modules", path), ...args]);

/** One vitest run over some projects; its numbers are added to the total. A run without any test is a failure. */
function vitest(projects, env = {}) {
  const folder = join(root, ".cache");
  const report = join(folder, `vitest-${projects.join("-")}.json`);
  mkdirSync(folder, { recursive: true });
  rmSync(report, { force: true });
  const args = [join(root, "node_modules/vitest/vitest.mjs"), "run", "--reporter=default", "--reporter=json"];
  args.push(`--outputFile.json=${report}`, ...projects.flatMap((name) => ["--project", name]));
  const ok = program(process.execPath, args, env);
  if (!existsSync(report)) return false;
  const result = JSON.parse(readFileSync(report, "utf8"));
  counts.passed += result.numPassedTests;
  counts.failed += result.numFailedTests;
  return ok && result.numTotalTests > 0;
}

function check() {
  part("lint (biome)", () => tool("@biomejs/biome/bin/biome", "ci", "--error-on-warnings"));
  part("types (tsc)", () => tool("typescript/bin/tsc", "-p", "tsconfig.check.json"));
  part("layers and style (tidy)", () => vitest(["tidy"]));
}

/** The C header must compile as plain C99, without warnings. */
function header() {
  const args = ["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-x", "c"];
  return program("cc", [...args, "native/include/edgestream.h"]);
}

/** Core and addon must compile for arm64. There is no such machine here, so only the ELF header is looked at. */
function arm64() {
  const folder = join(root, "build/arm64");
  const elfMachineArm64 = 183;
  console.log(buildNative(folder, [], "linux-arm64"));
  const names = ["edgestream.node", "libedgestream.so", "edgestream-probe"];
  return names.every((name) => readFileSync(join(folder, "Release", name)).readUInt16LE(18) === elfMachineArm64);
}

function test(env = {}) {
  check();
  part("C99 header", header);
  part("arm64 cross build", arm64);
  part("unit and types", () => vitest(["unit", "types"], env));
  part("model", () => vitest(["model"], env));
  part("native", () => vitest(["native"], env));
  part("conformance", () => vitest(["conformance"], env));
  part("integration", () => vitest(["integration"], env));
  part("fault", () => vitest(["fault"], env));
  part("soak", () => vitest(["soak"], env));
  part("package", () => vitest(["package"], env));
}

const goals = {
  check,
  test,
  // Tests that find EDGESTREAM_LONG run at full length.
  long: () => test({ EDGESTREAM_LONG: "1" }),
  bench: () => part("bench", () => program(process.execPath, ["bench/local.mjs"])),
};

const goal = goals[process.argv[2]];
if (goal === undefined) {
  console.error(`usage: node .ci/ci.mjs ${Object.keys(goals).join("|")}`);
  process.exit(2);
}
goal();

console.log("\n== summary");
for (const { name, ok, seconds } of parts) {
  console.log(`  ${ok ? "ok    " : "FAILED"} ${name.padEnd(24)} ${seconds.toFixed(1).padStart(7)} s`);
}
const total = parts.reduce((sum, { seconds }) => sum + seconds, 0);
console.log(`  ${"total".padEnd(31)} ${total.toFixed(1).padStart(7)} s`);
if (counts.passed + counts.failed > 0) console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exit(parts.every(({ ok }) => ok) ? 0 : 1);
