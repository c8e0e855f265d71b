/** The best probe: a real stream between two processes, in a directory of its own. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Check, fail, ok, skip } from "./check.ts";
import type { ChildLine } from "./child-lines.ts";
import type { Context } from "./context.ts";
import { isManyFiles, moreFilesAdvice } from "./descriptors.ts";
import { runChild } from "./run-child.ts";
import { whyRunFailed } from "./run-program.ts";
import type { SelfTestResult } from "./self-test-ends.ts";

const limitMs = 30_000;
/** 107 bytes less "/doctor.sock". */
const directoryBytesMax = 107 - "/doctor.sock".length;

export async function runSelfTest({ machine, runtimeDir, addon }: Context): Promise<Check[]> {
  const id = "selftest.frame";
  if (addon.file === undefined) return [skip(id, "the native addon does not load; see platform.addon")];
  const places = [tmpdir(), "/tmp", "/dev/shm", runtimeDir ?? machine.env["EDGESTREAM_RUNTIME_DIR"], ...addon.search];
  const directory = makeDirectory(places);
  if (directory === undefined) {
    return [fail(id, "no directory to try it in can be made", "TMPDIR=/a/writable/directory edgestream doctor")];
  }
  const remove = () => rmSync(directory, { recursive: true, force: true });
  process.once("exit", remove);
  try {
    const { lines, ran } = await runChild("send", { directory }, limitMs);
    const done = lines.find(({ kind }) => kind === "done");
    if (done) return judge(done as unknown as SelfTestResult);
    const broken = lines.find(({ kind }) => kind === "broken");
    return [checkBroken(id, broken, whyRunFailed(ran, limitMs))];
  } finally {
    remove();
    process.off("exit", remove);
  }
}

function makeDirectory(places: readonly (string | undefined)[]): string | undefined {
  for (const place of places) {
    if (place === undefined) continue;
    try {
      const path = mkdtempSync(join(place, "esd-"));
      if (Buffer.byteLength(path) <= directoryBytesMax) return path;
      rmSync(path, { recursive: true });
    } catch {
      // Not there, not ours, read-only or full: the next one.
    }
  }
  return undefined;
}

const report = "please report this, with edgestream doctor --json";

function judge(result: SelfTestResult): Check[] {
  return [checkFrame(result), checkReadOnly(result.mappings)];
}

function checkFrame({ format, width, height, madeMs, connectedMs, wayUs, intact }: SelfTestResult): Check {
  const id = "selftest.frame";
  const what = `a frame (${format}, ${width}x${height}) went to another process`;
  const times =
    `stream made in ${madeMs.toFixed(1)} ms, consumer connected in ${connectedMs.toFixed(1)} ms, ` +
    `frame under way ${(wayUs / 1000).toFixed(2)} ms`;
  return intact ? ok(id, `${what}, whole (${times})`) : fail(id, `${what} and came damaged (${times})`, report);
}

function checkReadOnly(mappings: readonly string[] | undefined): Check {
  const id = "selftest.readonly";
  const permissions = [...new Set(mappings)].join(" ");
  if (permissions === "") return skip(id, "the consumer's mappings cannot be read");
  if (permissions.includes("w")) return fail(id, `the consumer's view of it can be written (${permissions})`, report);
  return ok(id, `the consumer's view of it is read-only (${permissions})`);
}

function checkBroken(id: string, broken: ChildLine | undefined, ending: string | undefined): Check {
  const code = String(broken?.["code"] ?? "");
  const message = String(broken?.["message"] ?? ending ?? "it gave no result");
  const step = broken === undefined ? "the self test" : String(broken["step"]);
  const reason = code === "" || message.startsWith(code) ? message : `${code}: ${message}`;
  return fail(id, `${step} fails: ${reason}`, brokenAdvice(code, message));
}

function brokenAdvice(code: string, message: string): string {
  if (isManyFiles(code, message)) return moreFilesAdvice;
  if (/file too large/i.test(message)) return "ulimit -f unlimited (systemd: LimitFSIZE=infinity)";
  if (code === "ERR_BAD_ALLOC") return "give this container or service more memory; see memory.cgroup and memory.free";
  return `look at the lines marked in kernel and limits, and for ${code || "the code"} in docs/errors.md`;
}
