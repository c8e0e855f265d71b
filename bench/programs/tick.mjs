/**
 * A Node program that does nothing, as often as frames come.
 * argv[2]: { fps, warmUpMs, measureMs }
 */
import { setTimeout as sleep } from "node:timers/promises";
import { cpuUs, report } from "./clock.mjs";

const task = JSON.parse(process.argv[2]);
let ticks = 0;
const timer = setInterval(() => {
  ticks++;
}, 1000 / task.fps);
await sleep(task.warmUpMs);
const start = { cpuUs: cpuUs(), ticks };
await sleep(task.measureMs);
const cpuUsPerTick = (cpuUs() - start.cpuUs) / (ticks - start.ticks);
clearInterval(timer);
report({ cpuUsPerTick });
