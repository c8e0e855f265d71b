/** What reading the decoders' pictures costs a C program that does nothing else: the floor under the sources. */
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { buildFfmpegArgs } from "../../dist/sdk/cli/ffmpeg-args.js";
import { ffmpegProgram, findFfmpeg } from "../../dist/sdk/cli/ffmpeg-process.js";
import { Child } from "./child.mjs";
import { fps } from "./clip.mjs";

const bench = join(import.meta.dirname, "..");
const binaries = join(bench, "..", "build", "bench");
const binary = join(binaries, "pipe_sink");

export function compileFloor() {
  mkdirSync(binaries, { recursive: true });
  const source = join(bench, "limits", "pipe_sink.c");
  execFileSync("cc", ["-std=c11", "-O2", "-Wall", "-Wextra", "-o", binary, source], { stdio: "inherit" });
}

/** As many decoders as the pipeline has, with the options that `source` gives them, each read by the C program. */
export async function measureFloor({ clip, size, streams, cpus, floorSeconds }) {
  const request = { kind: "file", input: clip, format: "NV12", timeBase: "frame", rtspTransport: "tcp" };
  const decoder = [ffmpegProgram(), ...buildFfmpegArgs(request, await findFfmpeg())];
  const frameBytes = (size.width * size.height * 3) / 2;
  const numbers = [frameBytes, fps, floorSeconds].map(String);
  const sinks = Array.from(
    { length: streams },
    (_, index) => new Child(`pipe_sink ${index + 1}`, [binary, ...numbers, ...decoder], { cpus }),
  );
  try {
    const reports = await Promise.all(sinks.map(({ ended }) => ended));
    const sum = (read) => reports.reduce((total, each) => total + read(each), 0);
    return {
      cpuSecondsPerSecond: sum(({ cpuSeconds, seconds }) => cpuSeconds / seconds),
      cpuUsPerFrame: (sum(({ cpuSeconds }) => cpuSeconds) / sum(({ frames }) => frames)) * 1e6,
      fps: Math.min(...reports.map(({ frames, seconds }) => frames / seconds)),
    };
  } finally {
    await Promise.all(sinks.map((sink) => sink.stop(0)));
  }
}

export function meanFloor(floors) {
  const mean = (read) => floors.reduce((sum, floor) => sum + read(floor), 0) / floors.length;
  return {
    cpuSecondsPerSecond: mean((floor) => floor.cpuSecondsPerSecond),
    cpuUsPerFrame: mean((floor) => floor.cpuUsPerFrame),
    runs: floors,
  };
}
