/** Resource limits of the process: files, file size, locked memory. */
import { formatBytes, poolBytes } from "./bytes.ts";
import { type Check, fail, ok, skip } from "./check.ts";
import type { Context } from "./context.ts";
import { checkDescriptors, isManyFiles } from "./descriptors.ts";
import { parseLimits } from "./proc-files.ts";

/** Node 20 on Linux, when it could not be counted. */
const descriptorsOfNode = 20;

export function checkLimits({ machine, addon }: Context): Check[] {
  const limits = parseLimits(machine.read("/proc/self/limits") ?? "");
  /** The soft limit: it is what counts, and Node has raised that of files to the hard one. */
  const look = (id: string, name: string, check: (limit: number) => Check) => {
    const limit = limits.get(name)?.soft;
    return limit === undefined ? skip(id, "/proc/self/limits cannot be read") : check(limit);
  };
  const problem = `${addon.crash ?? ""} ${addon.sdkError?.code ?? ""} ${addon.sdkError?.message ?? ""}`;
  const importFails = isManyFiles(undefined, problem);
  const own = addon.descriptors ?? descriptorsOfNode;
  return [
    look("limits.nofile", "Max open files", (limit) => checkDescriptors(limit, own, importFails)),
    look("limits.fsize", "Max file size", checkFileSize),
    look("limits.memlock", "Max locked memory", (limit) =>
      skip("limits.memlock", `edgestream locks no memory (limit here: ${formatLimit(limit)})`),
    ),
  ];
}

function formatLimit(bytes: number): string {
  return bytes === Number.POSITIVE_INFINITY ? "none" : formatBytes(bytes);
}

/** The kernel counts a memfd as a file. */
export function checkFileSize(bytes: number): Check {
  const id = "limits.fsize";
  if (bytes === Number.POSITIVE_INFINITY) return ok(id, "files may have any size; shared memory counts as one");
  const finding = `a file may have ${formatBytes(bytes)}; shared memory counts as one`;
  if (bytes >= poolBytes.uhd) return ok(id, finding);
  return fail(
    id,
    `${finding}, a 4K pool has ${formatBytes(poolBytes.uhd)}`,
    "ulimit -f unlimited (systemd: LimitFSIZE=infinity)",
  );
}
