/** What one bench measures, and how a row names it. */

/** @typedef {object} Contender
 * @property {string} name  for people
 * @property {string[]} packages  Debian packages that bring it
 * @property {() => string | undefined} lacks  what is missing on this host
 * @property {(folder: string) => string | undefined} [build]  compiles its programs; returns what went wrong
 * @property {Record<string, (setting: import("./frames.mjs").Setting) => Promise<object>>} measurements
 */

/**
 * `value` and `reference` name a measurement and what of its report is looked at; `minus` is taken off the value. A
 * limit holds for the `value` itself or for its `ratio` to the reference of the same round. A row with one limit has it
 * in both columns. Rows without limits give context.
 * @typedef {object} Row
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

/**
 * How long a run takes. warmUp…: V8 has finished with the code by then; repeats: whether what drifts is measured more
 * than once in a round; retryMs: so long disturbed measurements are taken again in a round; totalMs: no round begins
 * that would not end before.
 * @typedef {object} Form
 * @property {number} warmUpMs
 * @property {number} measureMs
 * @property {number} pacedMs
 * @property {number} [warmUpTrips]
 * @property {number} [roundTrips]
 * @property {number} rounds
 * @property {boolean} repeats
 * @property {number} retryMs
 * @property {number} totalMs
 */

/** @typedef {object} Suite
 * @property {Row[]} rows
 * @property {Contender[]} contenders  ourselves, limits in C, and peers
 * @property {string[]} order  every measurement in the order of a round
 * @property {(measurement: string) => number} passesOf  how often a round takes it
 * @property {{ full: Form, quick: Form }} forms
 * @property {{ measurements: string[], take: Function }} [series]  data for plots
 */

export const contenderOf = ({ contenders }, measurement) =>
  contenders.find(({ measurements }) => measurement in measurements);

/** Names of the measurements that a row needs. */
export function measurementsOf(row) {
  return [row.value, row.minus, row.reference].filter((path) => path !== undefined).map((path) => path.split(".")[0]);
}

/** A row without limits gives context. */
export const isJudged = (row) => row.requirement !== undefined;

const installed = (contender) => `apt-get install ${contender.packages.join(" ")}`;

/**
 * Looks at what is here and compiles it. What is missing is left out, with a reason.
 * @param {Suite} suite
 * @param {Iterable<string>} wanted  names of measurements
 * @returns {Map<string, string>}  contender's name -> why it cannot be measured
 */
export function prepare(suite, wanted, folder) {
  const missing = new Map();
  for (const contender of new Set([...wanted].map((name) => contenderOf(suite, name)))) {
    const lack = contender.lacks();
    const problem = lack === undefined ? contender.build?.(folder) : `${lack}; ${installed(contender)}`;
    if (problem !== undefined) missing.set(contender.name, problem);
  }
  return missing;
}
