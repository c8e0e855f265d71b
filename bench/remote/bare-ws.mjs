/** The `ws` package without us: one message per frame. */
import { program } from "../harness/processes.mjs";
import { transfer } from "./transfer.mjs";

function bareWs(setting, { senderListens, paced = false }) {
  return transfer(setting, paced, (task) => ({
    sender: program("websocket", { ...task, sends: true, listens: senderListens }),
    receiver: program("websocket", { ...task, sends: false, listens: !senderListens }),
  }));
}

export const bareWebSocket = {
  name: "ws",
  packages: [],
  lacks: () => undefined,
  measurements: {
    bareWsOut: (setting) => bareWs(setting, { senderListens: true }),
    bareWsIn: (setting) => bareWs(setting, { senderListens: false }),
    bareWsPaced: (setting) => bareWs(setting, { senderListens: true, paced: true }),
  },
};
