/** What a TCP connection of this host can do: a C program on two sockets. */
import { join } from "node:path";
import { poolSlots } from "../harness/frames.mjs";
import { compile, onPath } from "../harness/tools.mjs";
import { transfer } from "./transfer.mjs";

/** Nothing has to be compiled here. */
const warmUpMs = 300;

/** `slots`: between how many frames either end goes round. */
function raw(setting, { senderListens, paced = false, slots = 1 }) {
  const side = (role, listens, { port, frameBytes, fps, measureMs }) =>
    [
      ...[join(setting.binaries, "tcp"), role, listens ? "listen" : "dial", port],
      ...[frameBytes, slots, fps, warmUpMs, measureMs],
    ].map(String);
  return transfer(setting, paced, (task) => ({
    sender: side("send", senderListens, task),
    receiver: side("receive", !senderListens, task),
  }));
}

export const limits = {
  name: "the limits in C",
  packages: ["gcc", "libc6-dev"],
  lacks: () => (onPath("cc") ? undefined : "no C compiler"),
  build: (folder) => compile(folder, "limits/tcp.c"),
  measurements: {
    rawOut: (setting) => raw(setting, { senderListens: true }),
    rawIn: (setting) => raw(setting, { senderListens: false }),
    rawRing: (setting) => raw(setting, { senderListens: true, slots: poolSlots }),
    rawPaced: (setting) => raw(setting, { senderListens: true, paced: true }),
  },
};
