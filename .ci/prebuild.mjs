/** The pack step (`prepack`): compiles, and lays the stripped binaries where `native/load.ts` finds them. */
import { copyFileSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { buildDist, buildNative, root, run } from "./setup.mjs";

const build = join(root, "build");
const target = join(root, "prebuilds", `${process.platform}-${process.arch}`);

buildNative(build);
buildDist();
mkdirSync(target, { recursive: true });
for (const name of ["edgestream.node", "libedgestream.so", "edgestream-probe"]) {
  const file = join(target, name);
  copyFileSync(join(build, "Release", name), file);
  run("strip", ["--strip-unneeded", file]);
  console.error(`${file}: ${statSync(file).size} bytes`); // stdout belongs to `npm pack --json`
}
