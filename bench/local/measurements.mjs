/** Everything that is measured, once per round, references beside what they are compared with. */
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { percentiles } from "../programs/clock.mjs";
import { quietBelow, waitForQuiet, watchOthers } from "./machine.mjs";
import { runTogether } from "./processes.mjs";

const bench = join(import.meta.dirname, "..");
const binaries = join(bench, "..", "build", "bench");
const hd = { format: "NV12", width: 1920, height: 1080 };
const uhd = { format: "NV12", width: 3840, height: 2160 };
const hdBytes = (1920 * 1080 * 3) / 2;
const queue = { mode: "fifo", fifoLength: 6 }; // with one slot being filled and one being read: a pool of 8 slots
const ringSlots = 8;
const producerCpu = 0;
const consumerCpu = 1;

export function compileLimits() {
  mkdirSync(binaries, { recursive: true });
  for (const name of ["memcpy_ring", "wake"]) {
    const source = join(bench, "limits", `${name}.c`);
    execFileSync("cc", ["-std=c11", "-O2", "-Wall", "-Wextra", "-o", join(binaries, name), source], {
      stdio: "inherit",
    });
  }
}

const program = (name, task) => [process.execPath, join(bench, "programs", `${name}.mjs`), JSON.stringify(task)];

/** One producer, `consumers` consumers. Resolves to the producer's report and the slowest consumer's. */
async function stream(setting, options) {
  const { runtimeDir: EDGESTREAM_RUNTIME_DIR, measureMs, warmUpMs } = setting;
  const { frame = hd, consumers = 1, fill = "none", fps = 0, touch = false, pinned = true } = options;
  const env = { EDGESTREAM_RUNTIME_DIR };
  const common = { name: "bench", mode: queue, warmUpMs };
  const seat = {
    command: program("consume", { ...common, touch, latency: fps > 0 }),
    env,
    ...(pinned && { cpu: consumerCpu }),
  };
  const [producer, ...seats] = await runTogether([
    {
      command: program("produce", {
        ...common,
        frame,
        consumers,
        fill,
        fps,
        measureMs: options.measureMs ?? measureMs,
      }),
      env,
      ...(pinned && { cpu: producerCpu }),
    },
    ...Array(consumers).fill(seat),
  ]);
  const slowest = seats.reduce((worst, each) => (each.framesPerSecond < worst.framesPerSecond ? each : worst));
  return { producer, consumer: slowest, framesPerSecond: slowest.framesPerSecond };
}

async function sdkWake(setting, cpus) {
  const { runtimeDir: EDGESTREAM_RUNTIME_DIR, warmUpTrips, roundTrips } = setting;
  const side = (own, peer, serves, cpu) => ({
    command: program("wake", { own, peer, serves, warmUpTrips, roundTrips }),
    env: { EDGESTREAM_RUNTIME_DIR },
    cpu,
  });
  const sides = await runTogether([side("ping", "pong", true, cpus[0]), side("pong", "ping", false, cpus[1])]);
  return {
    fromCall: percentiles(sides.flatMap((each) => each.fromCallNs)),
    fromStamp: percentiles(sides.flatMap((each) => each.fromStampNs)),
  };
}

async function limit(name, ...args) {
  const [result] = await runTogether([{ command: [join(binaries, name), ...args.map(String)] }]);
  return result;
}

const wakeLimit = (setting, cpus) => limit("wake", ...cpus, setting.roundTrips, 0);
/** Sleeps as long between wake-ups as a consumer of 60 fps does; a round trip is two of them. */
const pacedLimit = ({ pacedMs }) => limit("wake", ...twoCpus, Math.round(((pacedMs / 1000) * 60) / 2), 16_667);
const sameCpu = [consumerCpu, consumerCpu];
const twoCpus = [producerCpu, consumerCpu];

/** name -> measurement, in the order they run. */
export const measurements = {
  copyLimit: ({ measureMs }) => limit("memcpy_ring", ringSlots, hdBytes, measureMs, producerCpu),
  copyWakeLimit: ({ measureMs }) => limit("memcpy_ring", ringSlots, hdBytes, measureMs, ...twoCpus),
  copy: (setting) => stream(setting, { fill: "copy" }),
  copyToFour: (setting) => stream(setting, { fill: "copy", consumers: 4 }),
  bare: (setting) => stream(setting, {}),
  bareUhd: (setting) => stream(setting, { frame: uhd }),
  bareTouched: (setting) => stream(setting, { touch: true }),
  bareFree: (setting) => stream(setting, { pinned: false }),
  bareToFourFree: (setting) => stream(setting, { consumers: 4, pinned: false }),
  wakeLimitSame: (setting) => wakeLimit(setting, sameCpu),
  wakeSame: (setting) => sdkWake(setting, sameCpu),
  wakeLimitTwo: (setting) => wakeLimit(setting, twoCpus),
  wakeTwo: (setting) => sdkWake(setting, twoCpus),
  pacedLimit,
  paced: (setting) => stream(setting, { fill: "copy", fps: 60, measureMs: setting.pacedMs }),
};

/** Measures once; again while others use the machine and there is time for it. Keeps the quietest try. */
async function measureQuietly(measure, setting) {
  let best;
  do {
    if (best !== undefined) await waitForQuiet(setting.retryUntil);
    const others = watchOthers();
    const result = await measure(setting);
    const share = others();
    if (best === undefined || share < best.others) best = { ...result, others: share };
  } while (best.others > quietBelow && performance.now() < setting.retryUntil);
  return best;
}

/** One round: each measurement once. `onStart(name)` before each. */
export async function measureRound(setting, onStart) {
  const round = {};
  for (const [name, measure] of Object.entries(measurements)) {
    onStart(name);
    round[name] = await measureQuietly(measure, setting);
  }
  return round;
}

/** The largest share of the machine that others used during a measurement of the round. */
export function disturbance(round) {
  return Math.max(...Object.values(round).map(({ others }) => others));
}
