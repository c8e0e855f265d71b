/** What the bench was asked for. */
import { parseArgs } from "node:util";
import { BenchError } from "./failure.mjs";
import { isJudged, measurementsOf } from "./suite.mjs";

/** Stands in --only for the series. */
const seriesId = "series";

const lower = (id) => id.trim().toLowerCase();
const names = (id, row) => lower(row.id) === id || lower(row.id).startsWith(`${id} `);

/** The rows that one of `ids` names: a whole id, or its first word. */
function selectRows({ rows, series }, ids) {
  const isSeries = (id) => series !== undefined && id === seriesId;
  const unknown = ids.filter((id) => !isSeries(id) && !rows.some((row) => names(id, row)));
  if (unknown.length > 0) {
    const known = [...new Set(rows.map(({ id }) => id.split(" ")[0]))].join(", ");
    const more = series === undefined ? "" : ` and ${seriesId}`;
    throw new BenchError("ERR_USAGE", `--only: no row ${unknown.join(", ")}; there are ${known}${more}`);
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

/**
 * @param {import("./suite.mjs").Suite} suite
 * @param {Flags} flags
 */
export function settle(suite, { json, quick, installPeers, only }) {
  const name = quick ? "quick" : "full";
  const ids = only
    ?.split(",")
    .map(lower)
    .filter((id) => id !== "");
  if (ids?.length === 0) {
    throw new BenchError("ERR_USAGE", `--only: name at least one row, such as --only ${suite.rows[0].id}`);
  }
  // All of them in the quick form means all that are judged; whoever names a row gets it.
  const chosen = ids === undefined ? suite.rows.filter((row) => !quick || isJudged(row)) : selectRows(suite, ids);
  return {
    json,
    installPeers,
    form: { name, ...suite.forms[name] },
    rows: chosen,
    measurements: new Set(chosen.flatMap(measurementsOf)),
    series: suite.series !== undefined && (ids === undefined ? !quick : ids.includes(seriesId)),
  };
}
