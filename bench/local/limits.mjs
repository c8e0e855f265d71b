/** What the machine itself can do: C programs with as little around them as possible. */
import { join } from "node:path";
import { bytesOf, cameraFps, hd, poolSlots } from "../harness/frames.mjs";
import { runTogether } from "../harness/processes.mjs";
import { compile, libraryFolder, onPath, packageFolder } from "../harness/tools.mjs";
import { sameCpu, twoCpus } from "./sdk.mjs";

async function run(setting, name, cpus, ...args) {
  const [result] = await runTogether([{ command: [join(setting.binaries, name), ...args.map(String)], cpus }]);
  return result;
}

/** These pin their two sides themselves. */
const wake = (setting, mechanism, cpus) => run(setting, "wake", undefined, mechanism, ...cpus, setting.roundTrips, 0);

/** Sleeps as long between wake-ups as a consumer at a camera's pace does; a round trip is two of them. */
function pacedWake(setting) {
  const trips = Math.round(((setting.pacedMs / 1000) * cameraFps) / 2);
  return run(setting, "wake", undefined, "epoll", ...twoCpus(setting), trips, Math.round(1e6 / cameraFps));
}

/** Two processes on the C interface, as programs/wake.mjs is on the SDK's. */
async function coreWake(setting) {
  const { warmUpTrips, roundTrips, producerCpu, consumerCpu, binaries, runtimeDir } = setting;
  const side = (own, peer, role) => [join(binaries, "core_wake"), own, peer, role, warmUpTrips, roundTrips].map(String);
  const env = { EDGESTREAM_RUNTIME_DIR: runtimeDir };
  const [ping] = await runTogether([
    { command: side("ping", "pong", "serve"), env, cpus: producerCpu },
    { command: side("pong", "ping", "return"), env, cpus: consumerCpu },
  ]);
  return ping;
}

/** Copies of `bytes` per second into a ring of as many slots as our pool has; `cpus`: the copier's, and one to wake. */
export function memcpyRing(setting, bytes, cpus) {
  return run(setting, "memcpy_ring", undefined, poolSlots, bytes, setting.measureMs, ...cpus);
}

function verbs(setting, touch) {
  const size = [hd.width, hd.height, 32, setting.measureMs / 2];
  return run(setting, "verbs", setting.consumerCpu, ...size, touch ? "touch" : "untouched");
}

export const limits = {
  name: "the limits in C",
  packages: ["gcc", "libc6-dev"],
  lacks: () => (onPath("cc") ? undefined : "no C compiler"),
  build(folder) {
    const library = libraryFolder();
    const linked = [
      `-I${join(packageFolder, "native/include")}`,
      `-L${library}`,
      "-ledgestream",
      `-Wl,-rpath,${library}`,
    ];
    return (
      compile(folder, "limits/memcpy_ring.c") ??
      compile(folder, "limits/wake.c") ??
      compile(folder, "limits/verbs.c", linked) ??
      compile(folder, "limits/core_wake.c", linked)
    );
  },
  measurements: {
    copyLimit: (setting) => memcpyRing(setting, bytesOf(hd), [setting.producerCpu]),
    copyWakeLimit: (setting) => memcpyRing(setting, bytesOf(hd), twoCpus(setting)),
    wakeLimitSame: (setting) => wake(setting, "epoll", sameCpu(setting)),
    wakeLimitTwo: (setting) => wake(setting, "epoll", twoCpus(setting)),
    futexLimitTwo: (setting) => wake(setting, "futex", twoCpus(setting)),
    spinLimitTwo: (setting) => wake(setting, "spin", twoCpus(setting)),
    pacedWakeLimit: pacedWake,
    coreWakePoll: coreWake,
    verbsLimitUntouched: (setting) => verbs(setting, false),
    verbsLimitTouched: (setting) => verbs(setting, true),
  },
};
