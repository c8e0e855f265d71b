/** Starts sources and consumers, lets them run, and takes down what each of them used and got. */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Child } from "./child.mjs";
import { readCpu, readMachineBusy } from "./cpu.mjs";

const bench = join(import.meta.dirname, "..");
const cli = join(bench, "..", "dist", "sdk", "cli", "main.js");
const graceMs = 10_000;

/** Half of a stream's consumers must have every frame, the other half wants the newest. */
const modeOf = (index) => (index % 2 === 0 ? "fifo" : "mailbox");

function startSource(name, { clip, cpus, env }) {
  const command = [process.execPath, cli, "source", clip, "--name", name, "--loop"];
  return new Child(`source ${name}`, command, { cpus, env });
}

function startConsumer(name, mode, { cpus, env }) {
  const task = JSON.stringify({ name, mode });
  const child = new Child(`consumer of ${name}`, [process.execPath, join(bench, "programs", "touch.mjs"), task], {
    cpus,
    env,
  });
  return { child, mode };
}

const everyChild = (streams) =>
  streams.flatMap(({ source, consumers }) => [source, ...consumers.map(({ child }) => child)]);

function snapshot(streams) {
  const own = process.cpuUsage();
  return {
    atMs: performance.now(),
    machine: readMachineBusy(),
    bench: (own.user + own.system) / 1e6,
    sources: streams.map(({ source }) => readCpu(source.pid)),
    consumers: streams.flatMap(({ consumers }) =>
      consumers.map(({ child, mode }) => ({ mode, ...readCpu(child.pid) })),
    ),
  };
}

/** How many frames a source has posted, by its last line: "cam1: 139.5 s  4185 frames  30.0 fps  ...". */
function framesSaid(source) {
  const counts = [...source.errors.matchAll(/ (\d+) frames /g)];
  if (counts.length === 0) throw new Error(`${source.name} did not say how many frames it posted: ${source.errors}`);
  return Number(counts.at(-1)[1]);
}

async function finish({ name, source, consumers }) {
  source.process.kill("SIGTERM");
  await source.ended;
  const seats = await Promise.all(consumers.map(async ({ child, mode }) => ({ mode, ...(await child.ended) })));
  return { name, fps: Math.min(...seats.map(({ fps }) => fps)), posted: framesSaid(source), seats };
}

/** Sleeps; rejects as soon as one of the children is gone. */
async function sleepWhileAllRun(children, seconds) {
  const awake = new AbortController();
  const { signal } = awake;
  const gone = children.map(async (child) => {
    await child.ended;
    child.mustRun();
  });
  try {
    await Promise.race([sleep(seconds * 1000, undefined, { signal }), ...gone]);
  } finally {
    awake.abort();
    for (const each of gone) each.catch(() => undefined); // whoever ends later has been asked to
  }
}

/** Resolves to { before, after, streams }: two readings of the processors, and what each stream's consumers got. */
export async function runPipeline(setting, say) {
  const streams = [];
  try {
    for (let index = 1; index <= setting.streams; index++) {
      const name = `cam${index}`;
      const modes = Array.from({ length: setting.consumers }, (_, seat) => modeOf(seat));
      const consumers = modes.map((mode) => startConsumer(name, mode, setting));
      streams.push({ name, consumers, source: startSource(name, setting) });
    }
    const seats = streams.flatMap(({ consumers }) => consumers.map(({ child }) => child));
    await Promise.all(seats.map((child) => child.line("first frame", ({ first }) => first !== undefined)));
    const all = everyChild(streams);
    say(`${streams.length} sources and ${seats.length} consumers run; warming up for ${setting.warmUpSeconds} s`);
    await sleepWhileAllRun(all, setting.warmUpSeconds);
    say(`measuring for ${setting.seconds} s`);
    const before = snapshot(streams);
    await sleepWhileAllRun(all, setting.seconds);
    const after = snapshot(streams);
    return { before, after, streams: await Promise.all(streams.map(finish)) };
  } finally {
    await Promise.all(everyChild(streams).map((child) => child.stop(graceMs)));
  }
}
