/** Resource limits of the process: files, file size, locked memory. */
import { formatBytes, poolBytes } from "./bytes.ts";
import { type Check, fail, ok, skip } from "./check.ts";
import type { Context } from "./context.ts";
import { checkDescriptors, isManyFiles } from "./descriptors.ts";
import { type Limit, parseLimits } from "./proc-files.ts";

/** Node 20 on Linux, when it could not be counted. */
const descriptorsOfNode = 20;

export function checkLimits({ machine, addon }: Context): Check[] {
  const limits = parseLimits(machine.read("/proc/self/limits") ?? "");
  const unlimited: Limit = { soft: Number.POSITIVE_INFINITY, hard: Number.POSITIVE_INFINITY };
  const limit = (name: string) => limits.get(name) ?? unlimited;
  const problem = `${addon.crash ?? ""} ${addon.sdkError?.code ?? ""} ${addon.sdkError?.message ?? ""}`;
  const importFails = isManyFiles(undefined, problem);
  return [
    checkDescriptors(limit("Max open files").soft, addon.descriptors ?? descriptorsOfNode, importFails),
    checkFileSize(limit("Max file size").soft),
    skip("limits.memlock", `edgestream locks no memory (limit here: ${formatLimit(limit("Max locked memory").soft)})`),
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
