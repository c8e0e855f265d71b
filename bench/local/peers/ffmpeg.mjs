/** Raw video through a pipe, as ffmpeg does it: to another ffmpeg, and to a Node program. */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bytesOf, hd } from "../../harness/frames.mjs";
import { program, runTogether, start, stop } from "../../harness/processes.mjs";
import { onPath } from "../../harness/tools.mjs";

const framesInFile = 16;
const raw = `-f rawvideo -pix_fmt nv12 -s ${hd.width}x${hd.height}`;

/** The arguments of an ffmpeg that writes the same frames to its stdout again and again. */
function writerArguments(setting) {
  const file = join(setting.runtimeDir, "frames.yuv");
  if (!existsSync(file)) writeFileSync(file, Buffer.alloc(bytesOf(hd) * framesInFile, 1));
  return [
    ..."-v error -stream_loop -1".split(" "),
    ...raw.split(" "),
    "-i",
    file,
    ..."-c:v copy -f rawvideo pipe:1".split(" "),
  ];
}

/** Counts what an ffmpeg says about its progress, from the end of the warm-up to the last word. */
async function watchProgress(child, warmUpMs, measureMs) {
  let first;
  let start;
  let last;
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    said = (said + text).slice(-1000);
    const frames = Number(/.*^frame=(\d+)$/ms.exec(said)?.[1]);
    const now = performance.now();
    if (!(frames > 0)) return;
    first ??= now;
    last = { frames, at: now };
    if (now - first >= warmUpMs) start ??= last;
  });
  const enough = () => start !== undefined && last.at - start.at >= measureMs;
  while (!enough() && child.exitCode === null && child.signalCode === null) {
    await Promise.race([child.over, new Promise((resolve) => setTimeout(resolve, 20))]);
  }
  if (!enough()) throw new Error(child.errors.trim().split("\n").at(-1) || "ffmpeg ended early");
  return { framesPerSecond: ((last.frames - start.frames) * 1000) / (last.at - start.at) };
}

/** A shell makes the pipe: between programs that Node starts it would be a socket. */
async function pipeToFfmpeg(setting) {
  const { producerCpu, consumerCpu, warmUpMs, measureMs } = setting;
  const writer = `taskset -c ${producerCpu} ffmpeg ${writerArguments(setting).join(" ")}`;
  const progress = "-progress pipe:1 -stats_period 0.05";
  const reader = `taskset -c ${consumerCpu} ffmpeg -v error ${raw} -i pipe:0 -c copy ${progress} -f null -`;
  // The trap makes the shell wait for both when all three are ended: their processor time is then known to be ours.
  const child = start({ command: ["sh", "-c", `trap : TERM; ${writer} | ${reader}`], group: true });
  try {
    return await watchProgress(child, warmUpMs, measureMs);
  } finally {
    await stop(child);
  }
}

async function pipeToNode(setting) {
  const { producerCpu, consumerCpu, warmUpMs, measureMs } = setting;
  const writer = ["taskset", "-c", String(producerCpu), "ffmpeg", ...writerArguments(setting)];
  const task = { writer, frameBytes: bytesOf(hd), warmUpMs, measureMs };
  const [report] = await runTogether([{ command: program("pipe", task), cpus: consumerCpu, group: true }]);
  return report;
}

export const ffmpeg = {
  name: "ffmpeg",
  packages: ["ffmpeg"],
  lacks: () => (onPath("ffmpeg") ? undefined : "no ffmpeg"),
  measurements: { ffmpegPipe: pipeToFfmpeg, ffmpegToNode: pipeToNode },
};
