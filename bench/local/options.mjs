/** What the bench was asked for. */
import { parseArgs } from "node:util";
import { BenchError } from "./failure.mjs";
import { isJudged, measurementsOf, rows } from "./rows.mjs";

/**
 * warmUp…: V8 has finished with the code after some 5000 round trips; repeats: whether what drifts is measured
 * more than once in a round; retryMs: so long disturbed measurements are taken again in a round; totalMs: no round
 * begins that would not end before.
 */
const forms = {
  full: {
    ...{ warmUpMs: 400, measureMs: 1000, pacedMs: 4000, warmUpTrips: 6000, roundTrips: 12_000 },
    ...{ rounds: 5, repeats: true, retryMs: 12_000, totalMs: 480_000 },
  },
  quick: {
    ...{ warmUpMs: 400, measureMs: 300, pacedMs: 1500, warmUpTrips: 5000, roundTrips: 4000 },
    ...{ rounds: 3, repeats: false, retryMs: 0, totalMs: 55_000 },
  },
};

/** Stands in --only for the series. */
const seriesId = "series";

const lower = (id) => id.trim().toLowerCase();
const names = (id, row) => lower(row.id) === id || lower(row.id).startsWith(`${id} `);

/** The rows that one of `ids` names: a whole id, or its first word. */
function selectRows(ids) {
  const unknown = ids.filter((id) => id !== seriesId && !rows.some((row) => names(id, row)));
  if (unknown.length > 0) {
    const known = [...new Set(rows.map(({ id }) => id.split(" ")[0]))].join(", ");
    throw new BenchError("ERR_USAGE", `--only: no row ${unknown.join(", ")}; there are ${known} and ${seriesId}`);
  }
  return rows.filter((row) => ids.some((id) => names(id, row)));
}

/** @typedef {object} Flags
 * @property {boolean} json
 * @property {boolean} quick
 * @property {boolean} installPeers
 * @property {string} [only]
 */

/** @returns {Flags} */
export function parseFlags(args) {
  const flag = { type: "boolean", default: false };
  try {
    const options = { json: flag, quick: flag, "install-peers": flag, only: { type: "string" } };
    const { "install-peers": installPeers, ...more } = parseArgs({ args, options }).values;
    return { ...more, installPeers };
  } catch (error) {
    throw new BenchError("ERR_USAGE", error.message);
  }
}

/** @param {Flags} flags */
export function settle({ json, quick, installPeers, only }) {
  const name = quick ? "quick" : "full";
  const ids = only
    ?.split(",")
    .map(lower)
    .filter((id) => id !== "");
  if (ids?.length === 0) throw new BenchError("ERR_USAGE", "--only: name at least one row, such as --only D2,D7");
  // All of them in the quick form means all that are judged; whoever names a row gets it.
  const chosen = ids === undefined ? rows.filter((row) => !quick || isJudged(row)) : selectRows(ids);
  return {
    json,
    installPeers,
    form: { name, ...forms[name] },
    rows: chosen,
    measurements: new Set(chosen.flatMap(measurementsOf)),
    series: ids === undefined ? !quick : ids.includes(seriesId),
  };
}
