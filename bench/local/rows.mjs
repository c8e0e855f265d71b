/**
 * The rows, as data. `value` and `reference` name a measurement and what of its report is looked at; `minus` is taken
 * off the value. A limit holds for the `value` itself or for its `ratio` to the reference of the same round. A row with
 * one limit has it in both columns. Rows without limits give context, and the quick form leaves them out.
 */

import { context } from "./context-rows.mjs";

const more = { atLeast: true };
const less = { atLeast: false };

/** @typedef {object} Row
 * @property {string} id
 * @property {string} what
 * @property {string} unit
 * @property {string} value
 * @property {string} [minus]
 * @property {string} [reference]
 * @property {string} [against]  the reference, for people
 * @property {"ratio" | "value"} [of]  what the limits hold for
 * @property {boolean} [atLeast]
 * @property {number} [requirement]
 * @property {number} [goal]
 * @property {string} sentence
 */

const throughput = [
  {
    id: "D1",
    what: "zero-copy 1080p, 1 consumer",
    unit: "frames/s",
    value: "bare.framesPerSecond",
    reference: "gstBare.framesPerSecond",
    against: "GStreamer shmsink",
    ...{ of: "ratio", ...more, requirement: 2, goal: 4 },
    sentence: "acquire and post against `for await` in another process; nobody touches pixels.",
  },
  {
    id: "D1 rate",
    what: "the same, as a rate",
    unit: "frames/s",
    value: "bare.framesPerSecond",
    ...{ of: "value", ...more, requirement: 50_000, goal: 50_000 },
    sentence: "A camera gives 60; what is left over is processor time for the application.",
  },
  {
    id: "D2",
    what: "zero-copy 4K",
    unit: "frames/s",
    value: "bareUhd.framesPerSecond",
    reference: "bare.framesPerSecond",
    against: "1080p",
    ...{ of: "ratio", ...more, requirement: 0.8, goal: 0.95 },
    sentence: "Four times the bytes must not cost frames: nothing is copied.",
  },
  {
    id: "D3",
    what: "1080p filled by memcpy",
    unit: "frames/s",
    value: "copy.framesPerSecond",
    reference: "copyLimit.copiesPerSecond",
    against: "C memcpy ring",
    ...{ of: "ratio", ...more, requirement: 0.75, goal: 0.85 },
    sentence: "Against a C program that only copies the same picture into a ring of as many slots.",
  },
  {
    id: "D4",
    what: "1080p filled by memcpy",
    unit: "frames/s",
    value: "copy.framesPerSecond",
    reference: "gstCopy.framesPerSecond",
    against: "GStreamer, memcpy",
    ...{ of: "ratio", ...more, requirement: 0.9, goal: 1 },
    sentence: "Both fill each frame by one memcpy in shared memory; the rest is the way to the consumer.",
  },
  {
    id: "D5",
    what: "the same to 4 consumers, each",
    unit: "frames/s",
    value: "copyToFour.framesPerSecond",
    reference: "copy.framesPerSecond",
    against: "1 consumer",
    ...{ of: "ratio", ...more, requirement: 0.85, goal: 0.95 },
    sentence: "More consumers must not slow the producer: four share one core, the producer has the other.",
  },
];

const wakeUps = [
  {
    id: "D6",
    what: "wake-up one way, p50, same core",
    unit: "us",
    value: "wakeSame.fromCall.p50Us",
    reference: "wakeLimitSame.p50Us",
    against: "C epoll + eventfd",
    ...{ of: "ratio", ...less, requirement: 4, goal: 2.5 },
    sentence: "From before tryPost() to the consumer's loop body: what Node and the SDK add to a system call.",
  },
  {
    id: "D7 p50",
    what: "wake-up one way, p50, two cores",
    unit: "us",
    value: "wakeTwo.fromCall.p50Us",
    reference: "wakeLimitTwo.p50Us",
    against: "C epoll + eventfd",
    ...{ of: "ratio", ...less, requirement: 1.25, goal: 1.1 },
    sentence: "Waking another processor dwarfs what the software does.",
  },
  {
    id: "D7 p99",
    what: "wake-up one way, p99, two cores",
    unit: "us",
    value: "wakeTwo.fromCall.p99Us",
    reference: "wakeLimitTwo.p99Us",
    against: "C epoll + eventfd",
    ...{ of: "ratio", ...less, requirement: 2, goal: 1.1 },
    sentence: "The slow end of the same hits; on a shared machine this is mostly the neighbours.",
  },
  {
    id: "D8",
    what: "wake-up one way, p50, same core",
    unit: "us",
    value: "wakeSame.fromCall.p50Us",
    reference: "socketSame.p50Us",
    against: "Node net.Socket",
    ...{ of: "ratio", ...less, requirement: 0.8, goal: 0.6 },
    sentence: "Against 64 bytes over a unix socket, which is what a Node program would do by itself.",
  },
  {
    id: "D9",
    what: "wake-up one way, p50, polling",
    unit: "us",
    value: "wakePoll.fromCall.p50Us",
    reference: "spinLimitTwo.p50Us",
    against: "C spin",
    ...{ of: "value", ...less, requirement: 1.6, goal: 0.6 },
    sentence: "wait: 'poll' on two cores; Node's loop stays alive, a core is spent.",
  },
  {
    id: "D9 iceoryx",
    what: "the same, asked for in a loop",
    unit: "us",
    value: "wakeAsk.fromCall.p50Us",
    reference: "iceoryxPoll.p50Us",
    against: "iceoryx, polling",
    ...{ of: "ratio", ...less, requirement: 1, goal: 1 },
    sentence: "Two programs that do nothing but ask: tryAcquire() over and over in JavaScript, take() in C++.",
  },
  {
    id: "D10",
    what: "wake-up one way, p50, two cores",
    unit: "us",
    value: "wakeTwo.fromCall.p50Us",
    reference: "iceoryxWait.p50Us",
    against: "iceoryx, WaitSet",
    ...{ of: "ratio", ...less, requirement: 1.2, goal: 1 },
    sentence: "Both sleep until they are woken; theirs is C++ without an event loop.",
  },
];

const camera = [
  {
    id: "D11 p50",
    what: "60 fps 1080p, post to consumer, p50",
    unit: "us",
    value: "paced.consumer.latency.p50Us",
    reference: "gstPaced.consumer.latency.p50Us",
    against: "GStreamer, 60 fps",
    ...{ of: "ratio", ...less, requirement: 0.6, goal: 0.3 },
    sentence:
      "From before post() to the loop body at a camera's pace, not pinned: everything has been asleep for 16 ms.",
  },
  {
    id: "D11 p99",
    what: "the same, p99",
    unit: "us",
    value: "paced.consumer.latency.p99Us",
    reference: "gstPaced.consumer.latency.p99Us",
    against: "GStreamer, 60 fps",
    ...{ of: "value", ...less, requirement: 600, goal: 600 },
    sentence: "The slow end of the same frames, a few hundred of them in a round.",
  },
  {
    id: "D12 N=1",
    what: "producer CPU per frame, 1 consumer",
    unit: "us",
    value: "bare.producer.cpuUsPerFrame",
    reference: "gstBare.producer.cpuUsPerFrame",
    against: "GStreamer shmsink",
    ...{ of: "value", ...less, requirement: 12, goal: 6 },
    sentence: "All threads of the producer's process while D1 ran: what handing over costs beyond the fill.",
  },
  {
    id: "D12 N=4",
    what: "producer CPU per frame, 4 consumers",
    unit: "us",
    value: "bareToFour.producer.cpuUsPerFrame",
    reference: "gstBareToFour.producer.cpuUsPerFrame",
    against: "GStreamer shmsink",
    ...{ of: "value", ...less, requirement: 18, goal: 9 },
    sentence: "The same with four consumers, not pinned.",
  },
  {
    id: "D13 flood",
    what: "consumer CPU per frame, flood",
    unit: "us",
    value: "bare.consumer.cpuUsPerFrame",
    reference: "gstBare.consumer.cpuUsPerFrame",
    against: "GStreamer shmsrc",
    ...{ of: "ratio", ...less, requirement: 1, goal: 0.5 },
    sentence: "All threads of the consumer's process while D1 ran.",
  },
  {
    id: "D13 60 fps",
    what: "consumer CPU per frame, 60 fps",
    unit: "us",
    value: "paced.consumer.cpuUsPerFrame",
    reference: "gstPaced.consumer.cpuUsPerFrame",
    against: "GStreamer, 60 fps",
    ...{ of: "ratio", ...less, requirement: 1, goal: 0.5 },
    sentence: "The same run as D11: caches are cold, and the loop goes to sleep after each frame.",
  },
];

const javascript = [
  {
    id: "D14 untouched",
    what: "JavaScript per frame, untouched",
    unit: "ns",
    value: "verbsUntouched.consumerNs",
    minus: "verbsLimitUntouched.consumerNs",
    reference: "verbsLimitUntouched.consumerNs",
    against: "the C verbs",
    ...{ of: "value", ...less, requirement: 200, goal: 100 },
    sentence: "tryAcquire and release through the SDK minus the same two verbs in C, in one process, nobody waits.",
  },
  {
    id: "D14 touched",
    what: "JavaScript per frame, one byte read",
    unit: "ns",
    value: "verbsTouched.consumerNs",
    minus: "verbsLimitTouched.consumerNs",
    reference: "verbsLimitTouched.consumerNs",
    against: "the C verbs",
    ...{ of: "value", ...less, requirement: 1500, goal: 1000 },
    sentence: "Touching makes a view of the slot, and the release detaches it.",
  },
  {
    id: "D14 buffers",
    what: "ArrayBuffers per untouched frame",
    unit: "",
    value: "verbsUntouched.buffersMade",
    ...{ of: "value", ...less, requirement: 0, goal: 0 },
    sentence: "Counted by the bytes that V8 accounts for while the frame is out.",
  },
  {
    id: "D14 buffers touched",
    what: "ArrayBuffers per touched frame",
    unit: "",
    value: "verbsTouched.buffersMade",
    ...{ of: "value", ...less, requirement: 1, goal: 1 },
    sentence: "One view of the slot, made at first access.",
  },
  {
    id: "D14 left over",
    what: "ArrayBuffers left after 32 releases",
    unit: "",
    value: "verbsTouched.buffersLeft",
    ...{ of: "value", ...less, requirement: 0, goal: 0 },
    sentence: "Every view is detached at its release, not when it happens to be collected.",
  },
  {
    id: "D14 GC",
    what: "GCs per 1000 frames, 8 4K frames held",
    unit: "",
    value: "verbsHeld.collectionsPerThousand",
    ...{ of: "value", ...less, requirement: 10, goal: 1 },
    sentence: "A view that V8 has to account for by itself would cause one every few frames.",
  },
];

const pipes = [
  {
    id: "D19 ZeroMQ",
    what: "1080p filled by memcpy",
    unit: "frames/s",
    value: "copy.framesPerSecond",
    reference: "zmqCopy.framesPerSecond",
    against: "ZeroMQ ipc",
    ...{ of: "ratio", ...more, requirement: 3, goal: 4 },
    sentence: "The same fill, then a message through a unix socket.",
  },
  {
    id: "D19 ffmpeg",
    what: "1080p filled by memcpy",
    unit: "frames/s",
    value: "copy.framesPerSecond",
    reference: "ffmpegPipe.framesPerSecond",
    against: "ffmpeg | ffmpeg",
    ...{ of: "ratio", ...more, requirement: 3, goal: 4 },
    sentence: "Raw video from one ffmpeg to another through a pipe.",
  },
  {
    id: "D19 Node",
    what: "1080p filled by memcpy",
    unit: "frames/s",
    value: "copy.framesPerSecond",
    reference: "ffmpegToNode.framesPerSecond",
    against: "ffmpeg to Node",
    ...{ of: "ratio", ...more, requirement: 3, goal: 4 },
    sentence: "Raw video from ffmpeg's stdout into a Node program that puts the frames together.",
  },
];

/** @type {Row[]} */
export const rows = [...throughput, ...wakeUps, ...camera, ...javascript, ...pipes, ...context];

/** Names of the measurements that a row needs. */
export function measurementsOf(row) {
  return [row.value, row.minus, row.reference].filter((path) => path !== undefined).map((path) => path.split(".")[0]);
}

export const isJudged = (row) => row.requirement !== undefined;
