/** From rounds to results: medians, ratios and verdicts. */
import { measurementsOf } from "./suite.mjs";

export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** `round.bare.consumer.cpuUsPerFrame` for "bare.consumer.cpuUsPerFrame"; undefined when it was not measured. */
function pick(round, path) {
  const found = path.split(".").reduce((each, key) => each?.[key], round);
  return Number.isFinite(found) ? found : undefined;
}

/** What a row is in one round. */
function readRound(row, round) {
  const gross = pick(round, row.value);
  const minus = row.minus === undefined ? 0 : pick(round, row.minus);
  const value = gross === undefined || minus === undefined ? undefined : gross - minus;
  const reference = row.reference === undefined ? undefined : pick(round, row.reference);
  const ratio = value === undefined || !reference ? undefined : value / reference;
  return { value, reference, ratio };
}

const known = (numbers) => numbers.filter((number) => number !== undefined);
const medianOf = (numbers) => (known(numbers).length === 0 ? null : median(known(numbers)));

/** A goal that is met by the median alone is a matter of luck: so large a part of the rounds must meet it. */
const goalShare = 3 / 4;

/**
 * @param row  with limits
 * @param judged  the median that they hold for; null: there is none
 * @param {boolean} measured  whether we were measured at all
 * @param {number[]} rounds  what each of them gave
 */
export function verdict(row, judged, measured, rounds) {
  if (!measured) return "no";
  if (judged === null) return "no-reference";
  const holds = (limit) => (each) => (row.atLeast ? each >= limit : each <= limit);
  const meeting = rounds.filter(holds(row.goal)).length;
  if (holds(row.goal)(judged) && meeting >= goalShare * rounds.length) return "goal";
  return holds(row.requirement)(judged) ? "requirement" : "no";
}

/** The reason why one of the row's measurements is missing. */
function reasonFor(row, rounds, problems) {
  const missing = measurementsOf(row).find((name) => rounds.every((round) => round[name] === undefined));
  return missing === undefined ? undefined : (problems.get(missing) ?? `${missing} was not measured`);
}

/**
 * One result: the median over the rounds; the ratio is the median of the rounds' own ratios, so that a machine that
 * is slow for a minute is slow for both.
 * @param {Map<string, string>} problems  measurement -> why it is missing
 */
export function judgeRow(row, rounds, problems = new Map()) {
  const read = rounds.map((round) => readRound(row, round));
  const columns = ["value", "reference", "ratio"].map((key) => [key, read.map((each) => each[key])]);
  const medians = Object.fromEntries(columns.map(([key, numbers]) => [key, medianOf(numbers)]));
  const { id, what, unit, against = null, of = null, atLeast = null, requirement = null, goal = null } = row;
  const spread = known(read.map((each) => each[of ?? "value"]));
  const reason = reasonFor(row, rounds, problems);
  return {
    ...{ id, what, ...medians, value: medians.value, unit, against, of, atLeast, requirement, goal },
    ...(of !== null && { meets: verdict(row, medians[of], medians.value !== null, spread) }),
    low: spread.length === 0 ? null : Math.min(...spread),
    high: spread.length === 0 ? null : Math.max(...spread),
    ...(reason !== undefined && { reason }),
    sentence: row.sentence,
    rounds: read
      .filter(({ value, reference }) => value !== undefined || reference !== undefined)
      .map(({ value = null, reference = null }) => ({ value, reference })),
  };
}
