/** Node's own net.Socket on a unix socket. */
import { sameCpu, socketWake } from "../sdk.mjs";

export const netSocket = {
  name: "Node net.Socket",
  packages: [],
  lacks: () => undefined,
  measurements: {
    socketSame: (setting) => socketWake(setting, sameCpu(setting)),
  },
};
