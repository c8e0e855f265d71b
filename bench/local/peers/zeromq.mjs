/** ZeroMQ, PUSH to PULL over a unix socket. */
import { join } from "node:path";
import { bytesOf, hd } from "../../harness/frames.mjs";
import { runTogether } from "../../harness/processes.mjs";
import { compile, libraryFlags, onPath } from "../../harness/tools.mjs";

async function copyThrough(setting) {
  const { binaries, runtimeDir, warmUpMs, measureMs, producerCpu, consumerCpu } = setting;
  const binary = join(binaries, "zeromq");
  const endpoint = `ipc://${join(runtimeDir, "zeromq")}`;
  const produce = [binary, "produce", endpoint, bytesOf(hd), warmUpMs, measureMs].map(String);
  const [producer, consumer] = await runTogether([
    { command: produce, cpus: producerCpu },
    { command: [binary, "consume", endpoint, String(warmUpMs)], cpus: consumerCpu },
  ]);
  return { producer, consumer, framesPerSecond: consumer.framesPerSecond };
}

export const zeromq = {
  name: "ZeroMQ",
  packages: ["gcc", "pkg-config", "libzmq3-dev"],
  lacks() {
    if (!onPath("cc") || !onPath("pkg-config")) return "no cc or pkg-config";
    return libraryFlags("libzmq") === undefined ? "no ZeroMQ to compile against" : undefined;
  },
  build: (folder) => compile(folder, "peers/zeromq.c", libraryFlags("libzmq")),
  measurements: { zmqCopy: copyThrough },
};
