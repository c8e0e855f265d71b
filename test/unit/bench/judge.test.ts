/** From rounds to verdicts, with rounds as the bench takes them. */
import { describe, expect, test } from "vitest";
import { judgeRow, median, verdict } from "../../../bench/harness/judge.mjs";

const row = { id: "X", what: "something", unit: "frames/s", value: "ours.rate", sentence: "A sentence." };
const ratioRow = { ...row, reference: "theirs.rate", against: "them", of: "ratio", atLeast: true };
const atLeastTwo = { ...ratioRow, requirement: 2, goal: 4 };
const rounds = (pairs: [number | undefined, number | undefined][]) =>
  pairs.map(([ours, theirs]) => ({
    ...(ours !== undefined && { ours: { rate: ours } }),
    ...(theirs !== undefined && { theirs: { rate: theirs } }),
  }));

test("a median of an even count lies between the middle two", () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([9, 1, 5, 7])).toBe(6);
  expect(median([3])).toBe(3);
});

test("the ratio is the median of the rounds' own ratios, not the ratio of the medians", () => {
  // The machine is ten times slower in the second round, for both.
  const result = judgeRow(
    atLeastTwo,
    rounds([
      [100, 50],
      [10, 5],
      [120, 40],
    ]),
  );
  expect(result).toMatchObject({ value: 100, reference: 40, ratio: 2, low: 2, high: 3, meets: "requirement" });
});

describe("verdicts", () => {
  test.each([
    [4, "goal"],
    [3.99, "requirement"],
    [2, "requirement"],
    [1.99, "no"],
  ])("at least 2, better 4: %s is %s", (ratio, meets) => {
    expect(verdict(atLeastTwo, ratio, true, [ratio])).toBe(meets);
  });

  test.each([
    [100, "goal"],
    [101, "requirement"],
    [200, "requirement"],
    [201, "no"],
  ])("at most 200, better 100: %s is %s", (value, meets) => {
    const limits = { ...row, of: "value", atLeast: false, requirement: 200, goal: 100 };
    expect(verdict(limits, value, true, [value])).toBe(meets);
  });

  test("a goal is met when three quarters of the rounds meet it, not by the median alone", () => {
    expect(verdict(atLeastTwo, 4.5, true, [3, 4.2, 4.5, 5])).toBe("goal");
    expect(verdict(atLeastTwo, 4.5, true, [3, 3.9, 4.5, 5, 5])).toBe("requirement");
    expect(verdict(atLeastTwo, 2.5, true, [1, 1.9, 2.5, 3, 9])).toBe("requirement");
  });

  test("a row with one limit meets its goal with it", () => {
    expect(verdict({ ...row, of: "value", atLeast: false, requirement: 0, goal: 0 }, 0, true, [0])).toBe("goal");
  });
});

describe("what is missing", () => {
  const problems = new Map([["theirs", "no GStreamer; apt-get install gstreamer"]]);

  test("without its peer a ratio has no reference, and the reason says how to get it", () => {
    const result = judgeRow(atLeastTwo, rounds([[100, undefined]]), problems);
    expect(result).toMatchObject({ value: 100, reference: null, ratio: null, meets: "no-reference" });
    expect(result.reason).toBe("no GStreamer; apt-get install gstreamer");
  });

  test("a limit for the value itself is judged without the peer", () => {
    const valueRow = { ...ratioRow, of: "value", requirement: 50, goal: 90 };
    expect(judgeRow(valueRow, rounds([[100, undefined]]), problems)).toMatchObject({ reference: null, meets: "goal" });
  });

  test("without a figure of our own the answer is no, whatever the peer did", () => {
    const result = judgeRow(atLeastTwo, rounds([[undefined, 50]]), new Map([["ours", "it failed"]]));
    expect(result).toMatchObject({ value: null, ratio: null, meets: "no", reason: "it failed" });
    expect(judgeRow(atLeastTwo, [], new Map([["ours", "it failed"]])).meets).toBe("no");
  });

  test("a round in which one of the two failed counts for neither ratio nor spread", () => {
    const result = judgeRow(
      atLeastTwo,
      rounds([
        [100, 50],
        [100, undefined],
        [300, 100],
      ]),
    );
    expect(result).toMatchObject({ ratio: 2.5, low: 2, high: 3, meets: "requirement" });
    expect(result.reason).toBeUndefined();
    expect(result.rounds).toHaveLength(3);
  });

  test("a reference of zero gives no ratio", () => {
    expect(judgeRow(atLeastTwo, rounds([[100, 0]])).meets).toBe("no-reference");
  });
});

test("minus is taken off the value, in each round", () => {
  const js = { ...row, minus: "core.ns", of: "value", atLeast: false, requirement: 200, goal: 100 };
  const taken = [
    { ours: { rate: 300 }, core: { ns: 90 } },
    { ours: { rate: 250 }, core: { ns: 80 } },
    { ours: { rate: 290 }, core: { ns: 95 } },
  ];
  expect(judgeRow(js, taken)).toMatchObject({ value: 195, meets: "requirement" });
  expect(judgeRow(js, [{ ours: { rate: 300 } }])).toMatchObject({ value: null, meets: "no" });
});

test("a row without limits has no verdict", () => {
  expect(judgeRow(row, rounds([[100, undefined]]))).not.toHaveProperty("meets");
});
