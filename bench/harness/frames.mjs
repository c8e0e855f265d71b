/** The pictures that are sent, and where the programs sit. */

export const hd = { format: "NV12", width: 1920, height: 1080 };
export const uhd = { format: "NV12", width: 3840, height: 2160 };

export const bytesOf = ({ width, height }) => (width * height * 3) / 2;

/** With one slot being filled and one being read: a pool of 8 slots. */
export const queue = { mode: "fifo", fifoLength: 6 };
export const poolSlots = 8;

/** A camera's pace. */
export const cameraFps = 60;

/** Not pinned: the programs share the processors that there are. */
export const free = ({ allCpus }) => ({ producerCpus: allCpus, consumerCpus: allCpus });

/** @typedef {object} Setting  How a round is taken.
 * @property {string} runtimeDir  for sockets and scratch files of this run
 * @property {string} binaries  compiled programs
 * @property {number} producerCpu
 * @property {number} consumerCpu
 * @property {string} allCpus  as `taskset -c` takes them
 * @property {number} warmUpMs  before a window opens
 * @property {number} measureMs  how long a window is
 * @property {number} pacedMs  the same at a camera's pace
 * @property {number} warmUpTrips
 * @property {number} roundTrips
 */
