/** Operating system, Node, C library, and whether the native addon and the SDK load. */
import { dirname, join } from "node:path";
import { type Check, fail, ok, warn } from "./check.ts";
import type { AddonReport, Context } from "./context.ts";
import { isManyFiles, moreFilesAdvice, unlessManyFiles } from "./descriptors.ts";
import type { Machine } from "./machine.ts";
import { ownPackageRoot } from "./probe-program.ts";
import { isAtLeast, parseOsRelease, parseVersion } from "./proc-files.ts";

const nodeWanted = [20, 19];
const glibcWanted = [2, 34];
const architectures = ["x64", "arm64"];

export function checkPlatform({ machine, addon }: Context): Check[] {
  const loads = addon.file !== undefined;
  return [
    checkSystem(machine),
    checkNode(machine),
    checkLibc(glibcVersion(), loads),
    checkProc(machine),
    checkAddon(machine, addon),
    ...(loads ? [checkSdk(addon)] : []),
  ];
}

/** edgestream does without; most of what the doctor wants to know is there. */
export function checkProc(machine: Machine): Check {
  const id = "platform.proc";
  if (machine.read("/proc/self/status") !== undefined) return ok(id, "/proc is mounted");
  return warn(
    id,
    "/proc is not mounted: limits, memory and containers cannot be looked at",
    "mount -t proc proc /proc",
  );
}

export function checkSystem(machine: Machine): Check {
  const id = "platform.system";
  const here = `${machine.platform}-${machine.arch}`;
  const name = parseOsRelease(machine.read("/etc/os-release") ?? "")["PRETTY_NAME"];
  const finding = name === undefined ? here : `${name}, ${here}`;
  if (machine.platform === "linux" && architectures.includes(machine.arch)) return ok(id, finding);
  const wanted = architectures.map((arch) => `linux-${arch}`).join(" or ");
  return fail(id, finding, `run edgestream on ${wanted}; other platforms are not supported`);
}

export function checkNode(machine: Machine): Check {
  const id = "platform.node";
  const wanted = nodeWanted.join(".");
  if (isAtLeast(parseVersion(machine.nodeVersion), nodeWanted)) return ok(id, `Node ${machine.nodeVersion}`);
  return fail(id, `Node ${machine.nodeVersion}; ${wanted} or newer is needed`, `install Node ${wanted} or newer`);
}

/** undefined with another C library. */
function glibcVersion(): string | undefined {
  // Otherwise the report would look up the names of all network peers, which may take minutes.
  Object.assign(process.report, { excludeNetwork: true });
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return report.header?.glibcVersionRuntime;
}

/** What counts in the end is that the addon loads; one that was built here may need less. */
export function checkLibc(version: string | undefined, addonLoads: boolean): Check {
  const id = "platform.libc";
  const wanted = glibcWanted.join(".");
  const enough = version !== undefined && isAtLeast(parseVersion(version), glibcWanted);
  const found = version === undefined ? "this Node is not built for glibc (musl?)" : `glibc ${version}`;
  if (enough) return ok(id, found);
  if (addonLoads) return ok(id, `${found}; the addon, built elsewhere than the package's, loads with it`);
  const advice =
    version === undefined
      ? "use an image with glibc: node:22-bookworm-slim instead of node:22-alpine"
      : "use a system with a newer glibc (Debian 12, Ubuntu 22.04), or build edgestream in a checkout on this one";
  return fail(id, `${found}; the package's addon needs glibc ${wanted} or newer`, advice);
}

function checkAddon(machine: Machine, addon: AddonReport): Check {
  const id = "platform.addon";
  if (addon.file !== undefined) {
    const loaded = `${addon.file}, ABI version ${addon.abiVersion}`;
    if (addon.passed.length === 0) return ok(id, loaded);
    return warn(id, `${loaded}, in place of one that does not load: ${addon.passed.join("; ")}`, addonAdvice(machine));
  }
  // One file is damaged and the other is simply not there: the damage is the news.
  const missing = addon.tried.filter((line) => line.includes("no such file"));
  const broken = addon.tried.filter((line) => !missing.includes(line));
  const reasons = (broken.length > 0 ? broken : missing).map((line) => line.replace(/\s*\n\s*/g, ": "));
  const finding =
    addon.crash === undefined
      ? `the native addon does not load: ${reasons.join("; ")}`
      : `a process that was to load the native addon failed: ${addon.crash}`;
  return fail(id, finding, unlessManyFiles(addon.crash, addonAdvice(machine)));
}

function addonAdvice(machine: Machine): string {
  const root = ownPackageRoot();
  if (machine.env["EDGESTREAM_ADDON"])
    return "unset EDGESTREAM_ADDON, or set it to an edgestream.node that was built here";
  if (machine.exists(join(root, "CMakeLists.txt"))) {
    // make trusts a file that is newer than its sources, damaged or not.
    return `cd ${root} && rm -f build/Release/edgestream.node && npm run build`;
  }
  const project = dirname(dirname(root));
  if (!machine.exists(join(project, "package.json"))) return `rm -rf ${root} && npm install -g edgestream`;
  return `cd ${project} && rm -rf node_modules/edgestream && npm install`;
}

/** Importing opens many files at a time, which a low limit forbids although everything is there. */
function checkSdk(addon: AddonReport): Check {
  const id = "platform.sdk";
  if (addon.sdkMs !== undefined) return ok(id, `import of edgestream takes ${addon.sdkMs.toFixed(0)} ms`);
  if (addon.sdkError === undefined) {
    return fail(
      id,
      `a process that was to import edgestream failed: ${addon.crash}`,
      "run: node --input-type=module -e 'import \"edgestream\"'",
    );
  }
  const { code, message } = addon.sdkError;
  const advice = isManyFiles(code, message) ? moreFilesAdvice : "install its dependencies: npm install";
  return fail(id, `import of edgestream fails: ${message}`, advice);
}
