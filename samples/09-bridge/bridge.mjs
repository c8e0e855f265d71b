// The bridge: one link, any number of local consumers. `edgestream bridge` does the same without a program.
import { createBridge } from "edgestream";

const place = process.argv[2] ?? "tcp://127.0.0.1:8889";
const bridge = await createBridge(`${place}/sample-09`, { name: "sample-09-here", mode: "fifo" });
const { link } = bridge.stats();
console.log(`"sample-09-here" comes from ${link.peer}`);
bridge.on("reconnected", ({ peer }) => console.log(`${peer} is back`));
bridge.on("disconnected", ({ cause }) => {
  console.log(`the link is over: ${cause}`);
  if (cause === "ended") void bridge.close(); // a bridge that serves cameras would wait for the next life
});
await bridge.ended;
const { frames, bytes, missed } = bridge.stats();
console.log(`${frames} frames, ${bytes} bytes came over the link, ${missed} missed`);
if (frames === 0n) process.exitCode = 1;
