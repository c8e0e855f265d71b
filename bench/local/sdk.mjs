/** What is measured of edgestream itself: Node programs on its public verbs. */

import { bytesOf, cameraFps, free, hd, queue, uhd } from "../harness/frames.mjs";
import { program, runTogether } from "../harness/processes.mjs";
import { pacedWarmUpMs, percentiles } from "../programs/clock.mjs";

/** One producer, `consumers` consumers. Resolves to the producer's report and the slowest consumer's. */
export async function stream(setting, options = {}) {
  const { frame = hd, consumers = 1, fill = "none", fps = 0, touch = false, mode = queue } = options;
  const { producerCpu, consumerCpu } = setting;
  // At a camera's pace the garbage of the start would be collected in the middle of the window.
  const warmUpMs = (fps > 0 ? 2 : 1) * setting.warmUpMs;
  const { producerCpus = producerCpu, consumerCpus = consumerCpu } = options;
  const measureMs = options.measureMs ?? (fps > 0 ? setting.pacedMs : setting.measureMs);
  const env = { EDGESTREAM_RUNTIME_DIR: setting.runtimeDir };
  const task = { name: "bench", mode, fps, warmUpMs };
  const seat = { command: program("consume", { ...task, dial: task.name, touch }), env, cpus: consumerCpus };
  const [producer, ...seats] = await runTogether([
    { command: program("produce", { ...task, frame, consumers, fill, measureMs }), env, cpus: producerCpus },
    ...Array(consumers).fill(seat),
  ]);
  const slowest = seats.reduce((worst, each) => (each.framesPerSecond < worst.framesPerSecond ? each : worst));
  const bytesPerSecond = slowest.framesPerSecond * bytesOf(frame);
  return { producer, consumer: slowest, framesPerSecond: slowest.framesPerSecond, bytesPerSecond };
}

/** Two programs that hit each other; both run `name`. */
async function pingPong(setting, name, cpus, more = {}) {
  const { warmUpTrips, roundTrips, runtimeDir } = setting;
  const side = (own, peer, serves, cpu) => ({
    command: program(name, { own, peer, serves, warmUpTrips, roundTrips, runtimeDir, ...more }),
    env: { EDGESTREAM_RUNTIME_DIR: runtimeDir },
    cpus: cpu,
  });
  return await runTogether([side("ping", "pong", true, cpus[0]), side("pong", "ping", false, cpus[1])]);
}

/** `wait`: how a consumer waits; undefined = the default. `asks`: by a loop of its own. */
async function wake(setting, cpus, wait, asks = false) {
  const { warmUpTrips, roundTrips } = setting;
  // A trip takes a twentieth of the time then, and V8 works beside it.
  const trips = wait === "poll" && { warmUpTrips: 5 * warmUpTrips, roundTrips: 5 * roundTrips };
  const sides = await pingPong(setting, "wake", cpus, { wait, asks, ...trips });
  return {
    fromCall: percentiles(sides.flatMap((each) => each.fromCallNs)),
    fromStamp: percentiles(sides.flatMap((each) => each.fromStampNs)),
  };
}

/** Two Node sockets on a unix socket: what a program without this package would do. */
export async function socketWake(setting, cpus) {
  const sides = await pingPong(setting, "socket", cpus);
  return percentiles(sides.flatMap((each) => each.oneWayNs));
}

export const sameCpu = ({ consumerCpu }) => [consumerCpu, consumerCpu];
export const twoCpus = ({ producerCpu, consumerCpu }) => [producerCpu, consumerCpu];

/** What an empty timer costs Node at a camera's pace. */
async function tick(setting) {
  const command = program("tick", { fps: cameraFps, warmUpMs: pacedWarmUpMs, measureMs: setting.pacedMs });
  const [report] = await runTogether([{ command, cpus: setting.allCpus }]);
  return report;
}

/** The consumer's two verbs through the SDK; see programs/verbs.mjs. */
async function verbs(setting, task) {
  const command = program("verbs", { frame: hd, queueLength: 32, measureMs: setting.measureMs / 2, ...task });
  const [report] = await runTogether([{ command, cpus: setting.consumerCpu }]);
  return report;
}

export const sdk = {
  name: "edgestream",
  packages: [],
  lacks: () => undefined,
  measurements: {
    copy: (setting) => stream(setting, { fill: "copy" }),
    copyToFour: (setting) => stream(setting, { fill: "copy", consumers: 4 }),
    bare: (setting) => stream(setting),
    bareUhd: (setting) => stream(setting, { frame: uhd }),
    bareTouched: (setting) => stream(setting, { touch: true }),
    bareToFour: (setting) => stream(setting, { consumers: 4, ...free(setting) }),
    wakeSame: (setting) => wake(setting, sameCpu(setting)),
    wakeTwo: (setting) => wake(setting, twoCpus(setting)),
    wakePoll: (setting) => wake(setting, twoCpus(setting), "poll"),
    wakeAsk: (setting) => wake(setting, twoCpus(setting), "poll", true),
    wakeBlock: (setting) => wake(setting, twoCpus(setting), "block"),
    paced: (setting) => stream(setting, { fill: "copy", fps: cameraFps, ...free(setting) }),
    pacedPinned: (setting) => stream(setting, { fill: "copy", fps: cameraFps }),
    tick,
    verbsUntouched: (setting) => verbs(setting, { touch: false }),
    verbsTouched: (setting) => verbs(setting, { touch: true }),
    verbsHeld: (setting) => verbs(setting, { touch: true, frame: uhd, held: 8 }),
  },
};
