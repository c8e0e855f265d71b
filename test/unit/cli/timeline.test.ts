import { expect, test } from "vitest";
import { Timeline } from "../../../sdk/cli/timeline.ts";

const base = { num: 1, den: 25 };
const frame = (pts: bigint | undefined, duration = 1n) => ({ pts, duration });

test("the first life keeps its times", () => {
  const timeline = new Timeline(base);
  expect(timeline.place(frame(36n))).toEqual(frame(36n));
  expect(timeline.place(frame(38n, 2n))).toEqual(frame(38n, 2n));
});

test("a loop follows the last frame by its duration, or by the step before it", () => {
  const timeline = new Timeline(base);
  timeline.place(frame(36n));
  timeline.place(frame(38n, 3n));
  timeline.nextLife(base, 0n);
  expect(timeline.place(frame(36n)).pts).toBe(41n);
  expect(timeline.place(frame(40n, 0n)).pts).toBe(45n);
  timeline.nextLife(base, 0n);
  expect(timeline.place(frame(0n)).pts).toBe(49n);
});

test("a camera's silence is a gap of its length", () => {
  const timeline = new Timeline(base);
  timeline.place(frame(100n));
  timeline.nextLife(base, 10_000_000_000n);
  expect(timeline.place(frame(5n)).pts).toBe(350n);
});

test("a life with another clock is counted in the first one's ticks", () => {
  const timeline = new Timeline(base);
  timeline.place(frame(10n));
  timeline.nextLife({ num: 1, den: 90_000 }, 0n);
  expect(timeline.place(frame(0n, 3600n))).toEqual(frame(11n));
  expect(timeline.place(frame(3600n, 3600n))).toEqual(frame(12n));
});

test("frames without a time pass without one", () => {
  const timeline = new Timeline(base);
  expect(timeline.place(frame(undefined))).toEqual(frame(undefined));
  timeline.nextLife(base, 0n);
  expect(timeline.place(frame(7n)).pts).toBe(0n);
});
