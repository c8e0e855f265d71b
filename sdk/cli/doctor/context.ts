/** What several groups of checks need to know, found out once. */
import type { Machine } from "./machine.ts";
import { type ProbeAnswers, probeKernel } from "./probe-program.ts";
import { type Mount, parseMountInfo } from "./proc-files.ts";
import { runChild } from "./run-child.ts";
import { whyRunFailed } from "./run-program.ts";

export interface AddonReport {
  /** The file that was loaded; undefined: none could be. */
  file: string | undefined;
  abiVersion: number | undefined;
  /** Addons that come before it, with the reason why they were not taken. */
  passed: readonly string[];
  /** Candidates with the reason, when none could be loaded. */
  tried: readonly string[];
  /** Why the process that tried gave no answer: a signal, a time limit. */
  crash: string | undefined;
  /** How long importing the SDK took. */
  sdkMs: number | undefined;
  sdkError: { code: string; message: string } | undefined;
  /** Directories that it searches for streams. */
  search: readonly string[];
  /** Descriptors that a Node process has open before it does anything. */
  descriptors: number | undefined;
}

export interface Context {
  machine: Machine;
  /** --runtime-dir */
  runtimeDir: string | undefined;
  mounts: readonly Mount[];
  addon: AddonReport;
  kernel: ProbeAnswers;
}

const addonLimitMs = 30_000;

export async function gatherContext(machine: Machine, runtimeDir: string | undefined): Promise<Context> {
  return {
    machine,
    runtimeDir,
    mounts: parseMountInfo(machine.read("/proc/self/mountinfo") ?? ""),
    addon: await tryAddon(),
    kernel: await probeKernel(machine),
  };
}

async function tryAddon(): Promise<AddonReport> {
  const { lines, ran } = await runChild("addon", {}, addonLimitMs);
  const find = (kind: string) => lines.find((line) => line.kind === kind);
  const start = find("start");
  const addon = find("addon");
  const refused = find("addon-error");
  const sdk = find("sdk");
  const sdkError = find("sdk-error");
  const complete = addon ? (sdk ?? sdkError) : refused;
  return {
    file: addon?.["file"] as string | undefined,
    abiVersion: addon?.["abiVersion"] as number | undefined,
    passed: (addon?.["passed"] as string[] | undefined) ?? [],
    tried: (refused?.["tried"] as string[] | undefined) ?? (refused ? [String(refused["message"])] : []),
    crash: complete ? undefined : (whyRunFailed(ran, addonLimitMs) ?? "it said nothing"),
    sdkMs: sdk?.["ms"] as number | undefined,
    sdkError: sdkError as AddonReport["sdkError"],
    search: (addon?.["search"] as string[] | undefined) ?? [],
    descriptors: start?.["descriptors"] as number | undefined,
  };
}
