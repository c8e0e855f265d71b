/** GStreamer's shmsink and shmsrc. */
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { bytesOf, cameraFps, free, hd } from "../../harness/frames.mjs";
import { runTogether } from "../../harness/processes.mjs";
import { compile, firstLineOf, libraryFlags, onPath } from "../../harness/tools.mjs";

const libraries = ["gstreamer-1.0", "gstreamer-app-1.0"];
/** What its users give it; more than our 8 slots, which is to its advantage. */
const poolBytes = 64 * 2 ** 20;

export async function gstreamerStream(setting, options = {}) {
  const { consumers = 1, fill = "bare", fps = 0 } = options;
  const { producerCpu, consumerCpu, warmUpMs, runtimeDir } = setting;
  const { producerCpus = producerCpu, consumerCpus = consumerCpu } = options;
  const measureMs = options.measureMs ?? (fps > 0 ? setting.pacedMs : setting.measureMs);
  const binary = join(setting.binaries, "gstreamer");
  const socket = join(runtimeDir, "gstreamer");
  rmSync(socket, { force: true });
  const frame = [socket, hd.width, hd.height];
  const slots = Math.floor(poolBytes / bytesOf(hd));
  const produce = [binary, "produce", ...frame, consumers, fill, fps, warmUpMs, measureMs, slots].map(String);
  const consume = [binary, "consume", ...frame, fps, warmUpMs].map(String);
  const [producer, ...seats] = await runTogether([
    { command: produce, cpus: producerCpus },
    ...Array(consumers).fill({ command: consume, cpus: consumerCpus }),
  ]);
  const consumer = seats.reduce((worst, each) => (each.framesPerSecond < worst.framesPerSecond ? each : worst));
  return { producer, consumer, framesPerSecond: consumer.framesPerSecond };
}

function hasShmPlugin() {
  const folder = firstLineOf("pkg-config", "--variable=pluginsdir", "gstreamer-1.0");
  return folder !== undefined && existsSync(join(folder, "libgstshm.so"));
}

export const gstreamer = {
  name: "GStreamer",
  packages: [
    "gcc",
    "pkg-config",
    "libgstreamer1.0-dev",
    "libgstreamer-plugins-base1.0-dev",
    "gstreamer1.0-plugins-base",
    "gstreamer1.0-plugins-bad",
  ],
  lacks() {
    if (!onPath("cc") || !onPath("pkg-config")) return "no cc or pkg-config";
    if (libraryFlags(...libraries) === undefined) return "no GStreamer to compile against";
    return hasShmPlugin() ? undefined : "no shmsink plugin";
  },
  build: (folder) => compile(folder, "peers/gstreamer.c", libraryFlags(...libraries)),
  measurements: {
    gstBare: (setting) => gstreamerStream(setting),
    gstBareToFour: (setting) => gstreamerStream(setting, { consumers: 4, ...free(setting) }),
    gstCopy: (setting) => gstreamerStream(setting, { fill: "copy" }),
    gstPaced: (setting) => gstreamerStream(setting, { fill: "copy", fps: cameraFps, ...free(setting) }),
  },
};
