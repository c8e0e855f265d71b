/**
 * Reads raw frames from another program's stdout, the usual way without shared memory, and puts each together.
 * argv[2]: { writer, frameBytes, warmUpMs, measureMs }; writer = the command that writes them.
 */
import { spawn } from "node:child_process";
import { cpuUs, report } from "./clock.mjs";

const task = JSON.parse(process.argv[2]);
const [file, ...args] = task.writer;
const child = spawn(file, args, { stdio: ["ignore", "pipe", "inherit"] });
const frame = Buffer.alloc(task.frameBytes);
let filled = 0;
let frames = 0;
let first;
let start;
let finished = false;

function finish(now) {
  finished = true;
  const seconds = (now - start.at) / 1000;
  const count = frames - start.frames;
  report({ framesPerSecond: count / seconds, cpuUsPerFrame: (cpuUs() - start.cpuUs) / count });
  child.kill();
  child.stdout.destroy();
}

function onFrame() {
  if (finished) return;
  frames++;
  const now = performance.now();
  first ??= now;
  if (start === undefined && now - first >= task.warmUpMs) start = { at: now, frames, cpuUs: cpuUs() };
  else if (start !== undefined && now - start.at >= task.measureMs) finish(now);
}

child.stdout.on("data", (chunk) => {
  for (let read = 0; read < chunk.length; ) {
    const copied = chunk.copy(frame, filled, read, Math.min(chunk.length, read + task.frameBytes - filled));
    read += copied;
    filled += copied;
    if (filled < task.frameBytes) continue;
    filled = 0;
    onFrame();
  }
});
child.on("close", () => {
  if (finished) return;
  process.stderr.write("the writer ended early\n");
  process.exitCode = 1;
});
