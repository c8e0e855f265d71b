/** One runtime directory: there, whose, which mode, writable. */
import { dirname } from "node:path";
import { type Check, fail, ok, skip, warn } from "./check.ts";
import { unlessManyFiles } from "./descriptors.ts";
import type { DirectoryFacts } from "./directory-report.ts";
import { type Machine, userName } from "./machine.ts";
import type { Place } from "./places.ts";
import { isOwnAndPrivate, type Look } from "./runtime-look.ts";

/** `elsewhere`: new streams have a directory, this one or another. */
export function checkDirectory(machine: Machine, look: Look, elsewhere: boolean): Check {
  const { place, facts } = look;
  const id = `runtime.${place.key}`;
  if (facts === undefined) {
    const advice = `sudo umount -l ${look.mount?.point ?? place.path}, or ${another(place)}`;
    const finding = `${place.path} (${place.origin}) was not looked at: ${look.problem}`;
    return fail(id, finding, unlessManyFiles(look.problem, advice));
  }
  if (!facts.found) return checkMissing(machine, look, facts);
  if (place.key === "user" && !isOwnAndPrivate(facts, machine.uid))
    return checkForeign(machine, look, facts, elsewhere);
  if (!facts.isDirectory)
    return fail(id, `${place.path} (${place.origin}) is not a directory`, `mv ${place.path} ${place.path}.old`);
  if (facts.mayWrite) return checkWritable(machine, look, facts);
  return checkUnwritable(machine, look, facts);
}

/** `/run/edgestream (of the system): root (uid 0), mode 0755, tmpfs` */
function describe(machine: Machine, look: Look, facts: DirectoryFacts): string {
  const mode = `0${(facts.mode ?? 0).toString(8).padStart(3, "0")}`;
  const owner = userName(machine, facts.uid ?? -1);
  const type = look.mount?.type ?? "an unknown file system";
  return `${look.place.path} (${look.place.origin}): owner ${owner}, mode ${mode}, on ${type}`;
}

function checkMissing(machine: Machine, look: Look, facts: DirectoryFacts): Check {
  const { place } = look;
  const id = `runtime.${place.key}`;
  const where = `${place.path} (${place.origin})`;
  const make = `sudo install -d -m 0755 -o ${machine.uid} ${place.path}`;
  if (facts.error !== undefined) {
    return fail(
      id,
      `${where} cannot be reached: ${facts.error}`,
      `look at the directories above it: namei -l ${place.path}`,
    );
  }
  if (facts.parentError === undefined) return ok(id, `${where} is not there yet; the first stream makes it`);
  if (!place.chosen) return skip(id, `${where} is not there, and this user cannot make it (${facts.parentError})`);
  const above = dirname(place.path);
  return fail(id, `${where} is not there and cannot be made: ${facts.parentError} in ${above}`, make);
}

/** The core uses /tmp/edgestream-<uid> only when nobody else can write there. */
function checkForeign(machine: Machine, look: Look, facts: DirectoryFacts, elsewhere: boolean): Check {
  const own = facts.uid === machine.uid && facts.isDirectory === true && !facts.isLink;
  const why = facts.isLink ? "it is a link" : own ? "others may write there" : "it is not this user's directory";
  const finding = `${describe(machine, look, facts)}: not used, ${why}`;
  const advice = own
    ? `chmod go-w ${look.place.path}`
    : `sudo rm -r ${look.place.path}, or set EDGESTREAM_RUNTIME_DIR to a directory of your own`;
  return (elsewhere ? warn : fail)("runtime.user", finding, advice);
}

function checkWritable(machine: Machine, look: Look, facts: DirectoryFacts): Check {
  const id = `runtime.${look.place.key}`;
  const finding = describe(machine, look, facts);
  const mode = facts.mode ?? 0;
  const everybodys = (mode & 0o002) !== 0 && (mode & 0o1000) === 0;
  if (!everybodys) return ok(id, finding);
  return warn(id, `${finding}: every user may remove the sockets of others`, `chmod +t ${look.place.path}`);
}

function checkUnwritable(machine: Machine, look: Look, facts: DirectoryFacts): Check {
  const { place } = look;
  const id = `runtime.${place.key}`;
  const here = describe(machine, look, facts);
  const advice = unwritableAdvice(machine, look, facts);
  if (!facts.mayEnter) {
    const finding = `${here}: ${userName(machine, machine.uid)} may not enter it (${facts.writeError})`;
    return (place.chosen ? fail : warn)(id, finding, advice);
  }
  const finding = `${here}: its streams can be opened, none can be made (${facts.writeError})`;
  return place.chosen ? warn(id, finding, advice) : ok(id, finding);
}

function unwritableAdvice(machine: Machine, { place, mount }: Look, facts: DirectoryFacts): string {
  if (facts.writeError === "EROFS") {
    return `sudo mount -o remount,rw ${mount?.point ?? place.path}, or mount it into the container without :ro`;
  }
  if (facts.uid === machine.uid) return `chmod u+rwx ${place.path}`;
  return `sudo chown ${machine.uid} ${place.path} && sudo chmod u+rwx ${place.path}, or ${another(place)}`;
}

function another(place: Place): string {
  return place.key === "option" ? "another --runtime-dir" : "another directory in EDGESTREAM_RUNTIME_DIR";
}
