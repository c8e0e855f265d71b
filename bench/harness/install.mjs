/** Brings what is missing for the peers: as root by apt-get, else by telling the command. */
import { spawnSync } from "node:child_process";
import { onPath } from "./tools.mjs";

/**
 * @param {import("./suite.mjs").Suite} suite
 * @returns {string[]}  Debian packages of everything that is not here
 */
export function missingPackages({ contenders }) {
  return [...new Set(contenders.filter((each) => each.lacks() !== undefined).flatMap(({ packages }) => packages))];
}

/**
 * @param {import("./suite.mjs").Suite} suite
 * @param {(text: string) => void} say
 * @returns what to do when it could not be done, or undefined
 */
export function installPeers(suite, say) {
  const packages = missingPackages(suite);
  if (packages.length === 0) {
    say("all peers are here");
    return undefined;
  }
  const install = ["install", "-y", "--no-install-recommends", ...packages];
  if (!onPath("apt-get")) return `install with this system's package manager: ${packages.join(" ")}`;
  if (process.getuid() !== 0) return `not root; run:\n  sudo apt-get update && sudo apt-get ${install.join(" ")}`;
  say(`installing ${packages.join(" ")}`);
  const options = { stdio: ["ignore", 2, 2], env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } };
  for (const args of [
    ["update", "-q"],
    ["-q", ...install],
  ]) {
    const { status } = spawnSync("apt-get", args, options);
    if (status !== 0) return `apt-get ${args.join(" ")} ended with ${status}`;
  }
  return undefined;
}
