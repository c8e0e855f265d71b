/** Runs `edgestream-probe`, the small native program that tries one system call after the other. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { addonCandidates, packageRoot } from "../../../native/load.ts";
import type { Machine } from "./machine.ts";
import { whyRunFailed } from "./run-program.ts";

/** ok: it works. errno: a call failed. wrong: it does not do what it is for. signal: the probe was killed. */
export interface ProbeAnswer {
  outcome: "ok" | "errno" | "wrong" | "signal";
  detail: string;
}

export interface ProbeAnswers {
  answers: ReadonlyMap<string, ProbeAnswer>;
  /** Why there are no answers. */
  problem: string | undefined;
}

const limitMs = 20_000;

export function ownPackageRoot(): string {
  return packageRoot(dirname(fileURLToPath(import.meta.url)));
}

/** It lies beside the addon. */
function findProbe(override: string | undefined): string | undefined {
  const root = ownPackageRoot();
  const addons = [...addonCandidates(root, override), ...addonCandidates(root, undefined)];
  return addons.map((addon) => join(dirname(addon), "edgestream-probe")).find((file) => existsSync(file));
}

export function parseAnswers(text: string): Map<string, ProbeAnswer> {
  const answers = new Map<string, ProbeAnswer>();
  for (const line of text.split("\n")) {
    const [name, outcome, detail] = line.split("\t");
    if (name && isOutcome(outcome)) answers.set(name, { outcome, detail: detail ?? "" });
  }
  return answers;
}

function isOutcome(word: string | undefined): word is ProbeAnswer["outcome"] {
  return word === "ok" || word === "errno" || word === "wrong" || word === "signal";
}

async function probe(machine: Machine, args: readonly string[]): Promise<ProbeAnswers> {
  const program = findProbe(machine.env["EDGESTREAM_ADDON"]);
  if (program === undefined) return { answers: new Map(), problem: "edgestream-probe is not beside the addon" };
  const ran = await machine.run(program, args, limitMs);
  const answers = parseAnswers(ran.stdout);
  return { answers, problem: answers.size > 0 ? undefined : `edgestream-probe: ${whyRunFailed(ran, limitMs)}` };
}

export function probeKernel(machine: Machine): Promise<ProbeAnswers> {
  return probe(machine, ["kernel"]);
}

/** Locks and sockets in a directory; leaves nothing behind. */
export function probeDirectory(machine: Machine, directory: string): Promise<ProbeAnswers> {
  return probe(machine, ["directory", directory, `.doctor-${process.pid}`]);
}

/** Loads a shared library, in the probe's process. */
export function probeLibrary(machine: Machine, name: string): Promise<ProbeAnswers> {
  return probe(machine, ["library", name]);
}
