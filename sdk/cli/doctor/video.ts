/** ffmpeg and what it can read and write, and the cameras of this machine. */
import { ffmpegProgram } from "../ffmpeg-process.ts";
import { type Check, ok, skip, warn } from "./check.ts";
import type { Context } from "./context.ts";
import { unlessManyFiles } from "./descriptors.ts";
import { groupName, type Machine, userName } from "./machine.ts";
import { whyRunFailed } from "./run-program.ts";

const limitMs = 15_000;
const install = "apt-get install ffmpeg";
const neededBy = "needed by edgestream source, except for test:";

export async function checkVideo({ machine }: Context): Promise<Check[]> {
  return [...(await checkFfmpeg(machine)), await checkFfprobe(machine), checkCameras(machine)];
}

async function checkFfmpeg(machine: Machine): Promise<Check[]> {
  const id = "video.ffmpeg";
  const program = ffmpegProgram();
  const ran = await machine.run(program, ["-version"], limitMs);
  const problem = whyRunFailed(ran, limitMs);
  if (ran.startError === "ENOENT") {
    const named = machine.env["EDGESTREAM_FFMPEG"] !== undefined;
    const finding = named ? `EDGESTREAM_FFMPEG names ${program}, which is not there` : "ffmpeg is not on the PATH";
    return [warn(id, `${finding} (${neededBy})`, named ? `unset EDGESTREAM_FFMPEG; ${install}` : install)];
  }
  if (problem !== undefined) {
    const advice = `${install} --reinstall, or take the broken one off the PATH (type -a ffmpeg)`;
    return [warn(id, `${program} does not run: ${problem} (${neededBy})`, unlessManyFiles(problem, advice))];
  }
  const decoders = await machine.run(program, ["-hide_banner", "-decoders"], limitMs);
  const encoders = await machine.run(program, ["-hide_banner", "-encoders"], limitMs);
  return [
    ok(id, `${program} ${versionOf(ran.stdout)} (${neededBy})`),
    checkCodecs("video.decoders", "decode", parseCodecs(decoders.stdout), ["h264", "hevc", "mjpeg"]),
    checkCodecs("video.encoders", "encode", parseCodecs(encoders.stdout), ["ffv1"]),
  ];
}

function versionOf(text: string): string {
  return /version (\S+)/.exec(text)?.[1] ?? "of an unknown version";
}

/** Names in the table that `ffmpeg -decoders` or `-encoders` prints: ` V....D h264   H.264 / AVC`. */
export function parseCodecs(text: string): Set<string> {
  // The line that explains the letters has a "=" where a name would be.
  return new Set([...text.matchAll(/^ [VAS][A-Z.]{5} ([^\s=]+)/gm)].map(([, name]) => name as string));
}

const codecNames: Record<string, string> = { h264: "H.264", hevc: "H.265", mjpeg: "MJPEG", ffv1: "FFV1 (lossless)" };

function checkCodecs(id: string, verb: string, known: ReadonlySet<string>, wanted: readonly string[]): Check {
  const names = (codecs: readonly string[]) => codecs.map((codec) => codecNames[codec] ?? codec).join(", ");
  const missing = wanted.filter((codec) => !known.has(codec));
  if (missing.length === 0) return ok(id, `ffmpeg can ${verb} ${names(wanted)}`);
  return warn(
    id,
    `ffmpeg cannot ${verb} ${names(missing)}: it was built without`,
    `a full build of ffmpeg: ${install}`,
  );
}

async function checkFfprobe(machine: Machine): Promise<Check> {
  const id = "video.ffprobe";
  const ran = await machine.run("ffprobe", ["-version"], limitMs);
  if (whyRunFailed(ran, limitMs) === undefined) return ok(id, `ffprobe ${versionOf(ran.stdout)} (no command needs it)`);
  return skip(id, "ffprobe is not on the PATH, and no command needs it");
}

function checkCameras(machine: Machine): Check {
  const id = "video.cameras";
  const devices = machine
    .list("/dev")
    .filter((name) => /^video\d+$/.test(name))
    .map((name) => `/dev/${name}`);
  if (devices.length === 0) return skip(id, "no capture device (/dev/video*)");
  const closed = devices.filter((device) => !machine.mayReadAndWrite(device));
  if (closed.length === 0) return ok(id, `this user may open ${devices.join(", ")}`);
  const groups = machine.groups.map((gid) => groupName(machine, gid));
  const [user] = userName(machine, machine.uid).split(" ");
  return warn(
    id,
    `this user may not open ${closed.join(", ")} (groups: ${groups.join(", ")})`,
    `sudo usermod -aG video ${user} and log in again; docker run --device ${closed[0]} --group-add video`,
  );
}
