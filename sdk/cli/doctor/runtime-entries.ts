/** What lies in a runtime directory: living streams, remains of dead ones, streams of others. */
import { type Check, ok, skip, warn } from "./check.ts";
import type { Entry, SurveyedStream } from "./directory-report.ts";
import { type Machine, userName } from "./machine.ts";
import type { Look } from "./runtime-look.ts";

const namesShown = 5;

export function checkEntries(machine: Machine, look: Look): Check[] {
  const { place, facts, streams, entries } = look;
  const id = `runtime.${place.key}.streams`;
  if (!facts?.found || !facts.isDirectory) return [];
  if (look.problem !== undefined) return [skip(id, `streams could not be asked: ${look.problem}`)];
  if (!facts.mayList) return facts.mayEnter ? [skip(id, "this user may not list it")] : [];
  const named = (status: SurveyedStream["status"]) => streams.filter((each) => each.status === status);
  const [alive, stale, denied] = [named("alive"), named("stale"), named("denied")];
  const [silent, refused] = [named("silent"), named("refused")];
  const locks = entries.filter(({ name, kind }) => kind === "lock" && !streams.some((stream) => stream.name === name));
  const finding = [
    `${alive.length} living${list(alive)}`,
    ...(stale.length > 0 ? [`${stale.length} left by dead producers${list(stale)}`] : []),
    ...(denied.length > 0 ? [`${denied.length} that this user may not open${list(denied)}`] : []),
    ...(silent.length > 0 ? [`${silent.length} whose producer does not answer${list(silent)}`] : []),
    ...(refused.length > 0 ? [`${refused.length} that sent us away${list(refused)}`] : []),
    ...(locks.length > 0 ? [`${locks.length} lock without a socket, harmless${list(locks)}`] : []),
  ].join(", ");
  const advice = [
    ...(stale.length > 0 ? [pruneAdvice(machine, look, stale)] : []),
    ...(denied.length > 0 ? [deniedAdvice(machine, look, denied)] : []),
    ...(silent.length > 0 ? [silentAdvice(look, silent)] : []),
  ];
  return [advice.length > 0 ? warn(id, `streams: ${finding}`, advice.join("; ")) : ok(id, `streams: ${finding}`)];
}

function list(streams: readonly { name: string }[]): string {
  if (streams.length === 0) return "";
  const names = streams.slice(0, namesShown).map(({ name }) => name);
  return ` (${names.join(", ")}${streams.length > namesShown ? ", …" : ""})`;
}

function pruneAdvice(machine: Machine, { place, entries, facts }: Look, stale: readonly SurveyedStream[]): string {
  const prune = `edgestream list --prune${place.key === "option" ? ` --runtime-dir ${place.path}` : ""}`;
  if (machine.uid === 0) return prune;
  // A producer's remains can be removed by who may take its name: its own user.
  const others = ownersOf(entries, stale).filter((uid) => uid !== machine.uid);
  if (others.length > 0) return `as ${others.map((uid) => userName(machine, uid)).join(", ")}: ${prune}`;
  return facts?.mayWrite ? prune : `as root: ${prune}`;
}

function deniedAdvice(machine: Machine, { entries }: Look, denied: readonly SurveyedStream[]): string {
  const owners = ownersOf(entries, denied).map((uid) => userName(machine, uid));
  return (
    `${denied[0]?.name} belongs to ${owners[0] ?? "another user"}: start its producer with socketMode 0o660 and ` +
    "socketGroup, or 0o666 (edgestream source --socket-mode 0666)"
  );
}

function silentAdvice({ place }: Look, silent: readonly SurveyedStream[]): string {
  return `fuser ${place.path}/${silent[0]?.name}.lock names the producer; kill -CONT <pid> wakes it when it is stopped`;
}

function ownersOf(entries: readonly Entry[], streams: readonly SurveyedStream[]): number[] {
  const uids = streams.map(({ name }) => entries.find((entry) => entry.kind === "sock" && entry.name === name)?.uid);
  return [...new Set(uids.filter((uid) => uid !== undefined))];
}
