/** `bench remote`: from process to process through a network address, over the loopback of this host. */
import { bareWebSocket } from "./bare-ws.mjs";
import { limits } from "./limits.mjs";
import { rows } from "./rows.mjs";
import { sdk } from "./sdk.mjs";
import { tls } from "./tls.mjs";

/** A reference is taken right beside what is compared with it. */
const order = [
  ...["tlsOut", "tcpOut", "rawOut", "rawRing", "bareWsOut", "wsOut"],
  ...["tcpIn", "rawIn", "bareWsIn", "wsIn"],
  ...["rawPaced", "tcpPaced", "wsPaced", "bareWsPaced"],
];

/**
 * A second is a thousand frames, and V8 has finished with the code after some two thousand: before that both ends of
 * ours and of `ws` use up to twice the processor time.
 */
const forms = {
  full: {
    ...{ warmUpMs: 1500, measureMs: 500, pacedMs: 1500 },
    ...{ rounds: 5, repeats: false, retryMs: 1000, totalMs: 195_000 },
  },
  quick: {
    ...{ warmUpMs: 700, measureMs: 300, pacedMs: 1500 },
    ...{ rounds: 3, repeats: false, retryMs: 0, totalMs: 55_000 },
  },
};

/** @type {import("../harness/suite.mjs").Suite} */
export const remoteSuite = {
  contenders: [sdk, tls, limits, bareWebSocket],
  passesOf: () => 1,
  ...{ rows, order, forms },
};
