/** Runtime directories: whether streams can be made in them, and what lies there. */
import { type Check, fail, ok } from "./check.ts";
import type { Context } from "./context.ts";
import { placesOf } from "./places.ts";
import { checkDirectory } from "./runtime-directory.ts";
import { checkEntries } from "./runtime-entries.ts";
import { chooseForNewStreams, type Look, lookAt } from "./runtime-look.ts";
import { checkPathLength, checkSockets } from "./runtime-sockets.ts";

export async function checkRuntime(context: Context): Promise<{ checks: Check[]; chosen: Look | undefined }> {
  const { machine, mounts } = context;
  const looks: Look[] = [];
  // One after the other: with few descriptors several children at a time would not start.
  for (const place of placesOf(machine, context.runtimeDir)) looks.push(await lookAt(machine, place, mounts));
  const chosen = chooseForNewStreams(looks, machine.uid);
  const checks = looks.map((look) => [
    checkDirectory(machine, look, chosen !== undefined),
    ...checkPathLength(look),
    ...checkSockets(look),
    ...checkEntries(machine, look),
  ]);
  const used = chosen ?? looks.find(({ place }) => place.chosen);
  const ofUsed = used === undefined ? [] : (checks[looks.indexOf(used)] ?? []);
  return { checks: [...checks.flat(), checkNewStreams(chosen, used, ofUsed)], chosen };
}

/** `used`: the only directory that counts, also when it cannot be used; `ofUsed`: what was found out about it. */
function checkNewStreams(chosen: Look | undefined, used: Look | undefined, ofUsed: readonly Check[]): Check {
  const id = "runtime.create";
  const own = "export EDGESTREAM_RUNTIME_DIR=$HOME/edgestream-run";
  if (used === undefined) return fail(id, "no stream can be made: no directory of the search can be used", own);
  const { path, origin } = used.place;
  const trouble = ofUsed.find(({ status }) => status === "fail") ?? (chosen ? undefined : ofUsed[0]);
  if (trouble === undefined) return ok(id, `new streams are made in ${path} (${origin})`);
  return fail(id, `no stream can be made in ${path} (${origin}), see ${trouble.id}`, trouble.advice ?? own);
}
