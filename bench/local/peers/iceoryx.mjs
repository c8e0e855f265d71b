/** Eclipse iceoryx. Its daemon runs while it is measured, and no longer. */
import { join } from "node:path";
import { runTogether, start, stop } from "../../harness/processes.mjs";
import { compile, onPath, subfolders } from "../../harness/tools.mjs";

const readyMs = 5000;
const version = () => subfolders("/usr/include/iceoryx").at(-1);

/** Resolves when the daemon is ready for clients, or when it has ended: another one may run on this host already. */
async function startDaemon() {
  const daemon = start({ command: ["iox-roudi"] });
  let timer;
  const ready = new Promise((resolve) => {
    timer = setTimeout(resolve, readyMs);
    let said = "";
    daemon.stdout.setEncoding("utf8").on("data", (text) => {
      said += text;
      if (said.includes("ready for clients")) resolve();
    });
  });
  await Promise.race([ready, daemon.over]);
  clearTimeout(timer);
  return daemon;
}

async function wake(setting, way) {
  const { warmUpTrips, roundTrips, producerCpu, consumerCpu, binaries } = setting;
  const trips = [String(warmUpTrips), String(roundTrips)];
  const side = (own, peer, role) => [join(binaries, "iceoryx"), way, own, peer, role, ...trips];
  const daemon = await startDaemon();
  try {
    const [ping] = await runTogether([
      { command: side("ping", "pong", "serve"), cpus: producerCpu },
      { command: side("pong", "ping", "return"), cpus: consumerCpu },
    ]);
    return ping;
  } finally {
    await stop(daemon);
  }
}

export const iceoryx = {
  name: "iceoryx",
  packages: ["g++", "iceoryx", "libiceoryx-posh-dev"],
  lacks() {
    if (!onPath("g++")) return "no C++ compiler";
    if (!onPath("iox-roudi")) return "no iox-roudi";
    return version() === undefined ? "no iceoryx to compile against" : undefined;
  },
  build(folder) {
    return compile(folder, "peers/iceoryx.cpp", [`-I${version()}`, "-liceoryx_posh", "-liceoryx_hoofs", "-pthread"]);
  },
  measurements: {
    iceoryxPoll: (setting) => wake(setting, "poll"),
    iceoryxWait: (setting) => wake(setting, "wait"),
  },
};
