/** What is measured of edgestream itself: the programs of `bench local`, with an address between them. */
import { hd, queue } from "../harness/frames.mjs";
import { program } from "../harness/processes.mjs";
import { transfer } from "./transfer.mjs";

const name = "bench";

/** fifo loses nothing; at a camera's pace nobody wants an old picture. */
const modeOf = (paced) => (paced ? { mode: "mailbox" } : queue);

/**
 * Resolves to both ends' reports, if nothing was lost.
 * @param {"tcp" | "tls" | "ws"} scheme
 * @param {string} [options.tlsFolder]  of a certificate for this host
 */
export async function stream(setting, scheme, { senderListens, paced = false, tlsFolder }) {
  const mode = modeOf(paced);
  const result = await transfer(setting, paced, ({ port, ...times }) => {
    const address = `${scheme}://127.0.0.1:${port}`;
    const meeting = (listens) => (listens ? { listen: address } : { dial: `${address}/${name}` });
    const task = { name, mode, ...times, tlsFolder };
    const produce = { ...task, ...meeting(senderListens), frame: hd, consumers: 1, fill: "none" };
    return {
      sender: program("produce", produce),
      receiver: program("consume", { ...task, ...meeting(!senderListens), touch: false }),
      env: { EDGESTREAM_RUNTIME_DIR: setting.runtimeDir },
    };
  });
  const { producer, consumer } = result;
  if (!paced && consumer.received !== producer.posted) {
    throw new Error(`${producer.posted} frames were posted, ${consumer.received} were received`);
  }
  return result;
}

export const sdk = {
  name: "edgestream",
  packages: [],
  lacks: () => undefined,
  measurements: {
    tcpOut: (setting) => stream(setting, "tcp", { senderListens: true }),
    tcpIn: (setting) => stream(setting, "tcp", { senderListens: false }),
    tcpPaced: (setting) => stream(setting, "tcp", { senderListens: true, paced: true }),
    wsOut: (setting) => stream(setting, "ws", { senderListens: true }),
    wsIn: (setting) => stream(setting, "ws", { senderListens: false }),
    wsPaced: (setting) => stream(setting, "ws", { senderListens: true, paced: true }),
  },
};
