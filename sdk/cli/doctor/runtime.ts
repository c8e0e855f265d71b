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
  const checks = looks.flatMap((look) => [
    checkDirectory(machine, look, chosen !== undefined),
    ...checkPathLength(look),
    ...checkSockets(look),
    ...checkEntries(machine, look),
  ]);
  return { checks: [...checks, checkNewStreams(looks, chosen)], chosen };
}

function checkNewStreams(looks: readonly Look[], chosen: Look | undefined): Check {
  const id = "runtime.create";
  if (chosen) return ok(id, `new streams are made in ${chosen.place.path} (${chosen.place.origin})`);
  const [first] = looks;
  const why = first?.place.chosen
    ? `${first.place.origin} names ${first.place.path}, and nothing else is tried`
    : "no directory of the search can be used";
  return fail(
    id,
    `no stream can be made: ${why}`,
    "follow the advice above for one of them, or set EDGESTREAM_RUNTIME_DIR to a directory of your own",
  );
}
