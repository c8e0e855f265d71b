/** The native build trees of the tests: what each is compiled with, what is made in it, and how it is run. */
import { spawn } from "node:child_process";
import path from "node:path";

const source = import.meta.dirname;
const build = path.resolve(source, "../../build/test-native");
export const buildTimeoutMs = 900_000;

const trees = { plain: "", address: "address,undefined", thread: "thread" };
export type Tree = keyof typeof trees;

export interface Finished {
  code: number | null;
  output: string;
}

/** Runs a program to its end; stdout and stderr come together. */
export function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout.on("data", (text) => (output += text));
    child.stderr.on("data", (text) => (output += text));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output }));
  });
}

/** The path of a program that `make` made. */
export const program = (tree: Tree, name: string): string => path.join(build, tree, name);

export async function make(tree: Tree, ...targets: string[]): Promise<void> {
  const folder = path.join(build, tree);
  const configured = await run("cmake", ["-S", source, "-B", folder, `-DES_SANITIZE=${trees[tree]}`]);
  if (configured.code !== 0) throw new Error(`cmake failed:\n${configured.output}`);
  const built = await run("cmake", ["--build", folder, "-j2", "--target", ...targets]);
  if (built.code !== 0) throw new Error(`the ${tree} build failed:\n${built.output}`);
}
