/**
 * Makes a fresh machine ready: `node .ci/setup.mjs demo|test|build|native`. Plain Node without dependencies, because it
 * is what installs them. Every step first looks whether there is something to do, so running it again costs a second.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** A program (or a header) that must be there, the Debian package that brings it, and the goals that need it. */
const needs = [
  { program: "cmake", debian: "cmake", goals: ["native", "build", "demo", "test"] },
  { program: "make", debian: "make", goals: ["native", "build", "demo", "test"] },
  { program: "g++", debian: "g++", goals: ["native", "build", "demo", "test"] },
  { program: "ffmpeg", debian: "ffmpeg", goals: ["demo", "test"] },
  { program: "aarch64-linux-gnu-g++", debian: "g++-aarch64-linux-gnu", goals: ["test"] },
  { program: "setpriv", debian: "util-linux", goals: ["test"] },
  { program: "unshare", debian: "util-linux", goals: ["test"] },
  { program: "strip", debian: "binutils", goals: ["test"] },
  { program: "tmux", debian: "tmux", goals: ["test"] },
  { program: "ip", debian: "iproute2", goals: ["test"] },
  { program: "openssl", debian: "openssl", goals: ["test"] },
  { program: "chromium", debian: "chromium", goals: ["test"] },
];

export function onPath(program) {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Runs a program in the repository; its output is shown only when it fails. */
export function run(program, args, options = {}) {
  const result = spawnSync(program, args, { cwd: root, encoding: "utf8", maxBuffer: 1 << 28, ...options });
  if (result.status === 0) return result.stdout;
  process.stderr.write(`${result.stdout ?? ""}${result.stderr ?? ""}`);
  throw new Error(`${program} ${args.join(" ")} failed: ${result.error?.message ?? `exit code ${result.status}`}`);
}

function step(name, work) {
  const start = performance.now();
  const what = work();
  console.log(`  ${name.padEnd(16)} ${((performance.now() - start) / 1000).toFixed(1).padStart(6)} s  ${what}`);
}

function stop(message) {
  console.error(`\n${message}`);
  process.exit(1);
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return `${process.version}, good`;
  return stop(`edgestream needs Node 20.19 or newer; this is ${process.version}.`);
}

/** libuv's header: official Node brings it, Debian's own Node does not. */
function uvHeader() {
  return [join(process.execPath, "..", "..", "include", "node", "uv.h"), "/usr/include/uv.h"].some(existsSync);
}

function systemPackages(goal) {
  const missing = needs.filter((need) => need.goals.includes(goal) && !onPath(need.program));
  const packages = new Set(missing.map((need) => need.debian));
  if (!uvHeader()) packages.add("libuv1-dev");
  if (packages.size === 0) return "all there";
  const install = ["install", "-y", "--no-install-recommends", ...packages];
  if (!onPath("apt-get")) stop(`Please install with this system's package manager: ${[...packages].join(" ")}`);
  if (process.getuid() !== 0) stop(`Please run:\n  sudo apt-get update && sudo apt-get ${install.join(" ")}`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  run("apt-get", ["update", "-q"], { env });
  run("apt-get", ["-q", ...install], { env });
  return `installed ${[...packages].join(" ")}`;
}

/** Whether node_modules holds what the lock says. Packages for other platforms may be missing. */
function modulesAreFresh() {
  const installed = join(root, "node_modules/.package-lock.json");
  if (!existsSync(installed)) return false;
  const wanted = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
  const present = JSON.parse(readFileSync(installed, "utf8")).packages;
  return Object.entries(wanted).every(
    ([path, entry]) => path === "" || (entry.optional && !present[path]) || present[path]?.version === entry.version,
  );
}

function npmModules() {
  if (modulesAreFresh()) return "up to date";
  run("npm", ["ci", "--no-audit", "--no-fund"]);
  return "npm ci";
}

/** CMake refuses a build folder that was made for another place; that happens when a tree is copied or moved. */
function dropForeignBuild(folder) {
  const cache = join(folder, "CMakeCache.txt");
  if (!existsSync(cache)) return;
  const home = /^CMAKE_HOME_DIRECTORY:INTERNAL=(.*)$/m.exec(readFileSync(cache, "utf8"))?.[1];
  if (home === undefined || resolve(home) !== root) rmSync(folder, { recursive: true });
}

/** Two runs at a time would write the same files; `flock` (util-linux) makes the second one wait. */
function locked(lock, program, args) {
  return onPath("flock") ? run("flock", [lock, program, ...args]) : run(program, args);
}

export function buildNative(folder, options = [], toolchain = `linux-${process.arch}`) {
  dropForeignBuild(folder);
  mkdirSync(folder, { recursive: true });
  const lock = join(folder, ".lock");
  if (!existsSync(join(folder, "CMakeCache.txt"))) {
    const file = join(root, "toolchains", `${toolchain}.cmake`);
    locked(lock, "cmake", ["-S", root, "-B", folder, `-DCMAKE_TOOLCHAIN_FILE=${file}`, ...options]);
  }
  const output = locked(lock, "cmake", ["--build", folder, "-j", String(availableParallelism())]);
  const compiled = output.split("\n").filter((line) => line.includes("Building ")).length;
  return compiled === 0 ? "up to date" : `${compiled} files compiled`;
}

/** Removes what tsc made from a source file that is gone, so that nothing can import it by mistake. */
function pruneDist() {
  const dist = join(root, "dist");
  for (const file of readdirSync(dist, { recursive: true })) {
    const source = join(root, file.replace(/(\.d\.ts|\.js)$/, ".ts"));
    if (statSync(join(dist, file)).isFile() && !existsSync(source)) rmSync(join(dist, file));
  }
}

export function buildDist() {
  execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "."], { cwd: root, stdio: "inherit" });
  pruneDist();
  return "tsc";
}

function main(goal) {
  if (!["demo", "test", "build", "native"].includes(goal)) stop("usage: node .ci/setup.mjs demo|test|build|native");
  console.log(`setup: ${goal}`);
  step("node", checkNode);
  step("system packages", () => systemPackages(goal));
  step("npm packages", npmModules);
  step("native build", () => buildNative(join(root, "build")));
  if (goal === "test") step("with test hooks", () => buildNative(join(root, "build/hooks"), ["-DES_TEST_HOOKS=ON"]));
  if (goal !== "native") step("typescript", buildDist);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    main(process.argv[2]);
  } catch (error) {
    stop(error.message);
  }
}
