/** Programs and libraries of this host: whether they are there, and compiling against them. */
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { delimiter, join } from "node:path";

export const benchFolder = join(import.meta.dirname, "..");
export const packageFolder = join(benchFolder, "..");

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

/** What a program prints, or undefined if it fails or is not there. */
export function outputOf(program, ...args) {
  const result = spawnSync(program, args, { encoding: "utf8" });
  return result.status === 0 ? result.stdout : undefined;
}

export function firstLineOf(program, ...args) {
  return outputOf(program, ...args)?.split("\n", 1)[0];
}

/** Flags to compile and link against libraries that pkg-config knows, or undefined. */
export function libraryFlags(...libraries) {
  return outputOf("pkg-config", "--cflags", "--libs", ...libraries)
    ?.trim()
    .split(/\s+/);
}

/** The folder of libedgestream.so that fits the addon in use: the one built here, else the packaged one. */
export function libraryFolder() {
  const folders = ["build/Release", `prebuilds/${process.platform}-${process.arch}`];
  return folders.map((each) => join(packageFolder, each)).find((each) => existsSync(join(each, "libedgestream.so")));
}

function newestOf(files) {
  return Math.max(...files.map((file) => statSync(file).mtimeMs));
}

/**
 * Compiles bench/<source> into `folder`, unless what lies there is newer than it and the headers that it may use.
 * @returns what went wrong, or undefined
 */
export function compile(folder, source, flags = []) {
  const name = source.replace(/^.*\/|\.\w+$/g, "");
  const file = join(benchFolder, source);
  const binary = join(folder, name);
  const headers = [join(benchFolder, "limits/measure.h"), ...subfolders(join(packageFolder, "native/include"))];
  if (existsSync(binary) && statSync(binary).mtimeMs > newestOf([file, ...headers])) return;
  mkdirSync(folder, { recursive: true });
  const [compiler, standard] = source.endsWith(".cpp") ? ["g++", "-std=c++17"] : ["cc", "-std=c11"];
  const args = [standard, "-O2", "-Wall", "-Wextra", "-o", binary, file, ...flags];
  const result = spawnSync(compiler, args, { encoding: "utf8" });
  if (result.error) return `${compiler} is not there`;
  if (result.status === 0) return;
  const said = result.stderr.split("\n").find((line) => line.includes("error")) ?? `${compiler} failed`;
  return `${source} does not compile: ${said}`;
}

/** Subfolders of a folder, by name; none when it is not there. */
export function subfolders(folder) {
  try {
    return readdirSync(folder).map((name) => join(folder, name));
  } catch {
    return [];
  }
}
