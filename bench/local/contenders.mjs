/** Who is measured: ourselves, limits in C, and peers. What is missing here is left out, with a reason. */
import { limits } from "./limits.mjs";
import { ffmpeg } from "./peers/ffmpeg.mjs";
import { gstreamer } from "./peers/gstreamer.mjs";
import { iceoryx } from "./peers/iceoryx.mjs";
import { netSocket } from "./peers/net-socket.mjs";
import { zeromq } from "./peers/zeromq.mjs";
import { sdk } from "./sdk.mjs";

/** @typedef {object} Contender
 * @property {string} name  for people
 * @property {string[]} packages  Debian packages that bring it
 * @property {() => string | undefined} lacks  what is missing on this host
 * @property {(folder: string) => string | undefined} [build]  compiles its programs; returns what went wrong
 * @property {Record<string, (setting: import("./frames.mjs").Setting) => Promise<object>>} measurements
 */

/** @type {Contender[]} */
export const contenders = [sdk, limits, gstreamer, ffmpeg, iceoryx, zeromq, netSocket];

/** Every measurement in the order of a round: a reference is taken right beside what is compared with it. */
export const order = [
  ...["gstCopy", "copyLimit", "copy", "copyToFour", "zmqCopy", "ffmpegToNode", "ffmpegPipe", "copyWakeLimit"],
  ...["bareUhd", "bare", "gstBare", "bareToFour", "gstBareToFour", "bareTouched"],
  ...["wakeLimitSame", "wakeSame", "socketSame"],
  ...["wakeLimitTwo", "wakeTwo", "iceoryxWait"],
  ...["futexLimitTwo", "wakeBlock"],
  ...["spinLimitTwo", "coreWakePoll", "wakePoll", "wakeAsk", "iceoryxPoll"],
  ...["gstPaced", "paced", "tick", "pacedPinned", "pacedWakeLimit"],
  ...["verbsLimitUntouched", "verbsUntouched", "verbsLimitTouched", "verbsTouched", "verbsHeld"],
];

/**
 * How often a round takes what moves within seconds on a virtual machine: how long another processor takes to wake, how
 * much of the cache is ours, and whether a flood finds its consumer asleep. Everything else once.
 */
const passes = [
  [4, ["bareUhd", "bare", "gstBare"]],
  [2, ["copy", "copyToFour", "wakeSame", "socketSame", "wakeLimitTwo", "wakeTwo", "iceoryxWait"]],
  [2, ["spinLimitTwo", "wakePoll", "wakeAsk", "iceoryxPoll"]],
];

/** @param {string} measurement */
export const passesOf = (measurement) => passes.find(([, names]) => names.includes(measurement))?.[0] ?? 1;

export const contenderOf = (measurement) => contenders.find(({ measurements }) => measurement in measurements);

const installed = (contender) => `apt-get install ${contender.packages.join(" ")}`;

/**
 * Looks at what is here and compiles it.
 * @param {Iterable<string>} wanted  names of measurements
 * @returns {Map<string, string>}  contender's name -> why it cannot be measured
 */
export function prepare(wanted, folder) {
  const missing = new Map();
  for (const contender of new Set([...wanted].map(contenderOf))) {
    const lack = contender.lacks();
    const problem = lack === undefined ? contender.build?.(folder) : `${lack}; ${installed(contender)}`;
    if (problem !== undefined) missing.set(contender.name, problem);
  }
  return missing;
}
