/** Who is measured: ourselves, limits in C, and peers. */
import { limits } from "./limits.mjs";
import { ffmpeg } from "./peers/ffmpeg.mjs";
import { gstreamer } from "./peers/gstreamer.mjs";
import { iceoryx } from "./peers/iceoryx.mjs";
import { netSocket } from "./peers/net-socket.mjs";
import { zeromq } from "./peers/zeromq.mjs";
import { sdk } from "./sdk.mjs";

/** @type {import("../harness/suite.mjs").Contender[]} */
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
