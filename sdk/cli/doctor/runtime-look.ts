/** Looks at one runtime directory: in a child process, and with the probe where something can be made in it. */
import { isAbsolute, resolve } from "node:path";
import type { ChildLine } from "./child-lines.ts";
import type { DirectoryFacts, Entry, SurveyedStream } from "./directory-report.ts";
import type { Machine } from "./machine.ts";
import type { Place } from "./places.ts";
import { type ProbeAnswers, probeDirectory } from "./probe-program.ts";
import { type Mount, mountOf } from "./proc-files.ts";
import { runChild } from "./run-child.ts";
import { type Ran, whyRunFailed } from "./run-program.ts";

export interface Look {
  place: Place;
  /** undefined: no answer; `problem` says why. */
  facts: DirectoryFacts | undefined;
  entries: Entry[];
  streams: SurveyedStream[];
  /** Why it, or its streams, could not be looked at. */
  problem: string | undefined;
  mount: Mount | undefined;
  probe: ProbeAnswers | undefined;
}

const limitMs = 15_000;

export async function lookAt(machine: Machine, place: Place, mounts: readonly Mount[]): Promise<Look> {
  const { lines, ran } = await runChild("directory", { path: place.path }, limitMs);
  const find = (kind: string) => lines.find((line) => line.kind === kind);
  const facts = find("facts") as (DirectoryFacts & { kind: string }) | undefined;
  const streams = find("streams");
  const complete = facts !== undefined && (!facts.mayList || streams !== undefined);
  const problem = complete ? undefined : whyIncomplete(find("streams-error"), ran);
  return {
    place,
    facts,
    entries: (find("entries")?.["entries"] as Entry[] | undefined) ?? [],
    streams: (streams?.["streams"] as SurveyedStream[] | undefined) ?? [],
    problem,
    // Only of an absolute path: the working directory of a process may be gone.
    mount: isAbsolute(facts?.real ?? place.path) ? mountOf(mounts, facts?.real ?? resolve(place.path)) : undefined,
    probe: facts?.mayWrite ? await probeDirectory(machine, place.path) : undefined,
  };
}

function whyIncomplete(error: ChildLine | undefined, ran: Ran): string {
  if (error?.["code"] === "ERR_NO_BINDING") return "the native addon does not load; see platform.addon";
  return String(error?.["message"] ?? whyRunFailed(ran, limitMs) ?? "the look at it broke off");
}

/** Whether a stream can be made there: the rules of make_usable() and is_own_private_dir() in the core. */
export function isUsable(look: Look, uid: number): boolean {
  const { facts, place } = look;
  if (facts === undefined || facts.error !== undefined) return false;
  if (!facts.found) return facts.parentError === undefined;
  if (!facts.mayWrite) return false;
  return place.key !== "user" || isOwnAndPrivate(facts, uid);
}

export function isOwnAndPrivate(facts: DirectoryFacts, uid: number): boolean {
  return facts.isDirectory === true && !facts.isLink && facts.uid === uid && ((facts.mode ?? 0) & 0o022) === 0;
}

/** Where this user's new streams go; undefined: nowhere. */
export function chooseForNewStreams(looks: readonly Look[], uid: number): Look | undefined {
  for (const look of looks) {
    if (isUsable(look, uid)) return look;
    if (look.place.chosen) return undefined;
  }
  return undefined;
}
