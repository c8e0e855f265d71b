import { expect, test } from "vitest";
import { counted, historyLength, RateTrack } from "../../../../sdk/cli/top/rate.ts";
import { second } from "./sightings.ts";

/** A track after these readings: [seconds, count]. */
function track(...readings: [number, bigint][]): RateTrack {
  const made = new RateTrack();
  for (const [at, count] of readings) made.push(BigInt(Math.round(at * 1e9)), count);
  return made;
}

test("a rate is what was counted, by the time that has really passed", () => {
  expect(track([0, 100n]).perSecond).toBeUndefined();
  expect(track([0, 100n], [1, 130n]).perSecond).toBe(30);
  expect(track([0, 100n], [2, 130n]).perSecond).toBe(15);
  expect(track([0, 100n], [1, 100n]).perSecond).toBe(0);
});

test("only the newest interval counts, unless it is shorter than a second", () => {
  expect(track([0, 0n], [1, 30n], [2, 90n]).perSecond).toBe(60);
  const close = track(...Array.from({ length: 31 }, (_, index): [number, bigint] => [index / 10, BigInt(index * 3)]));
  expect(close.perSecond).toBeCloseTo(30, 9);
  const stopped = track([0, 0n], [0.5, 15n], [1, 30n], [1.5, 30n], [2, 30n]);
  expect(stopped.perSecond).toBe(0);
});

test("the counter's wrap-around at 2^64 goes unnoticed", () => {
  const last = 2n ** 64n - 10n;
  expect(track([0, last], [1, 20n]).perSecond).toBe(30);
  expect(counted(2n ** 64n - 1n, 0n)).toBe(1n);
});

test("a counter that was set back has no rate, never a negative one", () => {
  const back = track([0, 1000n], [1, 1030n], [2, 4n]);
  expect(back.perSecond).toBeUndefined();
  back.push(3n * second, 34n);
  expect(back.perSecond).toBe(30);
  expect(back.history()).toEqual([undefined, 30, undefined, 30]);
});

test("the same answer twice is one reading", () => {
  const made = track([0, 0n], [1, 30n]);
  made.push(second, 30n);
  expect(made.perSecond).toBe(30);
  expect(made.history()).toEqual([undefined, 30]);
});

test("what was missed is a gap, and the rate after it is not one over the gap", () => {
  const made = track([0, 0n], [1, 30n]);
  made.miss();
  expect(made.perSecond).toBeUndefined();
  made.push(10n * second, 100n);
  expect(made.perSecond).toBeUndefined();
  made.push(11n * second, 130n);
  expect(made.history()).toEqual([undefined, 30, undefined, undefined, 30]);
});

test("the history keeps the newest values and is the reader's own", () => {
  const made = track(
    ...Array.from({ length: 3 * historyLength }, (_, index): [number, bigint] => [index, BigInt(index) ** 2n]),
  );
  const history = made.history();
  expect(history).toHaveLength(historyLength);
  expect(history.at(-1)).toBe(2 * (3 * historyLength - 1) - 1);
  history.length = 0;
  expect(made.history()).toHaveLength(historyLength);
});
