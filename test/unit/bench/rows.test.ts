/** The rows as data: each of them can be measured, and none is missing. */
import { describe, expect, test } from "vitest";
import { parseFlags, settle } from "../../../bench/harness/options.mjs";
import { contenderOf, isJudged, measurementsOf } from "../../../bench/harness/suite.mjs";
import { localSuite } from "../../../bench/local/suite.mjs";
import { remoteSuite } from "../../../bench/remote/suite.mjs";

const suites = { local: localSuite, remote: remoteSuite };
const judgedOf = ({ rows }: typeof localSuite) => rows.filter(isJudged);
const judged = [localSuite, remoteSuite].flatMap(judgedOf);
const flags = { json: false, quick: false, installPeers: false };
const usage = expect.objectContaining({ code: "ERR_USAGE", exitCode: 2 });

const numbersOf = (suite: typeof localSuite) =>
  [...new Set(judgedOf(suite).map(({ id }) => Number(/^D(\d+)/.exec(id)?.[1])))].sort((a, b) => a - b);

describe("rows", () => {
  test("of the two benches together are D1 to D19", () => {
    expect(numbersOf(localSuite)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 19]);
    expect(numbersOf(remoteSuite)).toEqual([15, 16, 17, 18]);
  });

  test.each(Object.entries(suites))("of bench %s have one id each", (_name, { rows }) => {
    const ids = rows.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test.each(Object.entries(suites))("of bench %s name what somebody measures, and nothing else is", (_name, suite) => {
    const { rows, contenders, order, series } = suite;
    const named = new Set(rows.flatMap(measurementsOf));
    expect([...named].filter((name) => contenderOf(suite, name) === undefined)).toEqual([]);
    expect([...named].sort()).toEqual([...order].sort());
    const all = contenders.flatMap(({ measurements }) => Object.keys(measurements));
    expect([...order].sort()).toEqual(all.sort());
    expect((series?.measurements ?? []).filter((name) => contenderOf(suite, name) === undefined)).toEqual([]);
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
    expect(settle(localSuite, flags)).toMatchObject({ series: true, form: { name: "full", rounds: 5 } });
    expect(settle(localSuite, flags).rows).toEqual(localSuite.rows);
    const quick = settle(localSuite, { ...flags, quick: true });
    expect(quick.series).toBe(false);
    expect(quick.rows).toEqual(judgedOf(localSuite));
    expect(quick.measurements.has("bareTouched")).toBe(false);
  });

  test("--only takes whole ids and first words, and measures no more than they need", () => {
    const ids = (only: string) => settle(localSuite, { ...flags, only }).rows.map(({ id }: { id: string }) => id);
    expect(ids("D7 p99")).toEqual(["D7 p99"]);
    expect(ids(" d2 , D8,")).toEqual(["D2", "D8"]);
    expect(ids("D1")).toEqual(["D1", "D1 rate", "D1 touched", "D1 N=4"]);
    expect([...settle(localSuite, { ...flags, only: "D2" }).measurements].sort()).toEqual(["bare", "bareUhd"]);
    expect(settle(localSuite, { ...flags, only: "D2" }).series).toBe(false);
    expect(settle(localSuite, { ...flags, only: "series" })).toMatchObject({ series: true, rows: [] });
  });

  test("what is not there is a wrong option", () => {
    expect(() => settle(localSuite, { ...flags, only: "D2,D15" })).toThrow(usage);
    expect(() => settle(localSuite, { ...flags, only: "D2,D15" })).toThrow(
      /no row d15; there are D1, D2, .*D19 and series/,
    );
    expect(() => settle(localSuite, { ...flags, only: " , " })).toThrow(usage);
    const remote = () => settle(remoteSuite, { ...flags, only: "series" });
    expect(remote).toThrow(/no row series; there are D15, D16, D17, D18, \w/);
    expect(() => parseFlags(["--fast"])).toThrow(usage);
    expect(() => parseFlags(["D2"])).toThrow(usage);
  });

  test("flags are read as they are written", () => {
    const read = parseFlags(["--json", "--quick", "--install-peers", "--only", "D2"]);
    expect(read).toEqual({ json: true, quick: true, installPeers: true, only: "D2" });
    expect(parseFlags([])).toEqual(flags);
  });
});
