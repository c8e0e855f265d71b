/** The rows as data: each of them can be measured, and none is missing. */
import { describe, expect, test } from "vitest";
import { contenderOf, contenders, order } from "../../../bench/local/contenders.mjs";
import { parseFlags, settle } from "../../../bench/local/options.mjs";
import { isJudged, measurementsOf, rows } from "../../../bench/local/rows.mjs";
import { seriesMeasurements } from "../../../bench/local/series.mjs";

const judged = rows.filter(isJudged);
const flags = { json: false, quick: false, installPeers: false };
const usage = expect.objectContaining({ code: "ERR_USAGE", exitCode: 2 });

describe("rows", () => {
  test("have one id each, and D1 to D14 and D19 are there", () => {
    const ids = rows.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const numbers = new Set(judged.map(({ id }) => Number(/^D(\d+)/.exec(id)?.[1])));
    expect([...numbers].sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 19]);
  });

  test("name measurements that somebody takes, and every measurement is named by a row", () => {
    const named = new Set(rows.flatMap(measurementsOf));
    expect([...named].filter((name) => contenderOf(name) === undefined)).toEqual([]);
    expect([...named].sort()).toEqual([...order].sort());
    const all = contenders.flatMap(({ measurements }) => Object.keys(measurements));
    expect([...order].sort()).toEqual(all.sort());
    expect(seriesMeasurements.filter((name) => contenderOf(name) === undefined)).toEqual([]);
  });

  test.each(judged)("$id has two numbers, and the goal is not below the requirement", (row) => {
    const { of, atLeast, requirement, goal, reference, against } = row;
    expect(["ratio", "value"]).toContain(of);
    if (requirement === undefined || goal === undefined) throw new Error("a limit is missing");
    expect(atLeast ? goal >= requirement : goal <= requirement).toBe(true);
    if (of === "ratio") expect(reference).toBeDefined();
    expect(against !== undefined).toBe(reference !== undefined);
  });
});

describe("what is asked for", () => {
  test("the full form takes every row and the series, the quick form the judged rows", () => {
    expect(settle(flags)).toMatchObject({ series: true, form: { name: "full", rounds: 5 } });
    expect(settle(flags).rows).toEqual(rows);
    const quick = settle({ ...flags, quick: true });
    expect(quick.series).toBe(false);
    expect(quick.rows).toEqual(judged);
    expect(quick.measurements.has("bareTouched")).toBe(false);
  });

  test("--only takes whole ids and first words, and measures no more than they need", () => {
    const ids = (only: string) => settle({ ...flags, only }).rows.map(({ id }: { id: string }) => id);
    expect(ids("D7 p99")).toEqual(["D7 p99"]);
    expect(ids(" d2 , D8,")).toEqual(["D2", "D8"]);
    expect(ids("D1")).toEqual(["D1", "D1 rate", "D1 touched", "D1 N=4"]);
    expect([...settle({ ...flags, only: "D2" }).measurements].sort()).toEqual(["bare", "bareUhd"]);
    expect(settle({ ...flags, only: "D2" }).series).toBe(false);
    expect(settle({ ...flags, only: "series" })).toMatchObject({ series: true, rows: [] });
  });

  test("what is not there is a wrong option", () => {
    expect(() => settle({ ...flags, only: "D2,D15" })).toThrow(usage);
    expect(() => settle({ ...flags, only: "D2,D15" })).toThrow(/no row d15; there are D1, D2, .*D19 and series/);
    expect(() => settle({ ...flags, only: " , " })).toThrow(usage);
    expect(() => parseFlags(["--fast"])).toThrow(usage);
    expect(() => parseFlags(["D2"])).toThrow(usage);
  });

  test("flags are read as they are written", () => {
    const read = parseFlags(["--json", "--quick", "--install-peers", "--only", "D2"]);
    expect(read).toEqual({ json: true, quick: true, installPeers: true, only: "D2" });
    expect(parseFlags([])).toEqual(flags);
  });
});
