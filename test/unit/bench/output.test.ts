/** What people see: the table and the picture. */
import { describe, expect, test } from "vitest";
import { judgeRow } from "../../../bench/harness/judge.mjs";
import { isJudged, measurementsOf } from "../../../bench/harness/suite.mjs";
import { formatTable, short } from "../../../bench/harness/table.mjs";
import { localSuite } from "../../../bench/local/suite.mjs";
import { comparisons } from "../../../bench/plot/bars.mjs";
import { drawResults } from "../../../bench/plot.mjs";
import { remoteSuite } from "../../../bench/remote/suite.mjs";

const machine = {
  ...{ cpu: "Some Processor", cpus: 2, memoryGiB: 24, kernel: "6.18", node: "v20.20.2", compiler: "cc 12" },
  ...{ rounds: 5, seconds: 400, othersShare: [0.01, 0.5] },
};

/** A report of a measurement with this number wherever a row looks. */
function reports(rows: typeof localSuite.rows, number: number): object {
  const paths = rows.flatMap((row) => [row.value, row.minus, row.reference]).filter((path) => path !== undefined);
  const round: Record<string, unknown> = {};
  for (const path of paths) {
    const keys = path.split(".");
    const last = keys.pop() as string;
    let place = round;
    for (const key of keys) {
      place[key] ??= {};
      place = place[key] as Record<string, unknown>;
    }
    place[last] = number;
  }
  return round;
}

describe.each([
  ["local", localSuite.rows],
  ["remote", remoteSuite.rows],
])("the table of bench %s", (_name, rows) => {
  const results = rows.filter(isJudged).map((row) => judgeRow(row, [reports(rows, 123_456.7)]));
  const context = rows.filter((row) => !isJudged(row)).map((row) => judgeRow(row, [reports(rows, 0.1234)]));
  const problems = new Map(rows.flatMap(measurementsOf).map((name) => [name, "no compiler; ".repeat(40)]));
  const missing = rows.filter(isJudged).map((row) => judgeRow(row, [], problems));
  const series = { flood: { title: "by consumers", points: [{ consumers: 1, framesPerSecond: 1000.5 }] } };

  test("fits into 120 columns, also with large numbers and long reasons", () => {
    for (const each of [results, missing]) {
      const text = formatTable({ machine, results: each, context, series });
      expect(text.split("\n").filter((line: string) => line.length > 120)).toEqual([]);
    }
  });

  test("has a line and a sentence for each row, and counts the verdicts", () => {
    const text = formatTable({ machine, results, context, series: undefined });
    for (const { id, what } of [...results, ...context]) expect(text).toMatch(new RegExp(`^${id} +${what}`, "m"));
    for (const { sentence } of results) expect(text.replace(/\s+/g, " ")).toContain(sentence);
    expect(text).toContain(`${results.length} rows: goal `);
    expect(formatTable({ machine, results: missing, context: [], series })).toContain("no compiler");
  });
});

describe("the table", () => {
  test("shows what is not known as a dash, and small numbers as they are", () => {
    expect([null, 0, 7, 0.004, 1.234, 123.4, 1234.5].map(short)).toEqual([
      ...["-", "0", "7", "0.0040", "1.23", "123", "1,235"],
    ]);
  });
});

describe("the picture", () => {
  const some = [
    { id: "D1", ratio: 4.5, atLeast: true, of: "ratio", goal: 4, against: "GStreamer <shmsink>" },
    { id: "D8", ratio: 0.5, atLeast: false, of: "ratio", goal: 0.6, against: "net.Socket" },
    { id: "D12 N=1", ratio: 0.1, atLeast: false, of: "value", goal: 6, against: "GStreamer" },
    { id: "D10", ratio: null, atLeast: false, of: "ratio", goal: 1, against: "iceoryx" },
  ];

  test("turns a ratio over when less is better, and leaves out what has none", () => {
    const found = comparisons(some);
    expect(found.map(({ times }: { times: number }) => times)).toEqual([4.5, 2, 10]);
    expect(found[1]?.goal).toBeCloseTo(1 / 0.6);
    expect(found[2]?.goal).toBeUndefined(); // its goal is in us, not in times
  });

  test("is drawn with and without the series, and escapes what it shows", () => {
    const points = [1, 4].map((consumers) => ({
      consumers,
      framesPerSecond: 1e5 / consumers,
      producerCpuUs: consumers,
    }));
    const series = { flood: { title: "", points } };
    const drawn = drawResults({ machine, results: some, series });
    expect(drawn).toContain("GStreamer &lt;shmsink&gt;");
    expect(drawn.match(/<path /g)).toHaveLength(2);
    expect(drawn).toContain("Consumer CPU per frame, us, at 60 fps: not measured");
    expect(drawn).not.toMatch(/NaN|undefined|Infinity/);
    expect(drawResults({ machine, results: some, series: undefined })).not.toContain("<path ");
  });
});
