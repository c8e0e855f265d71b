import fc from "fast-check";
import { expect, test } from "vitest";
import { nsToTicks, rescaleTicks, ticksToNs } from "../../../sdk/cli/ticks.ts";

const bases = fc.record({ num: fc.integer({ min: 1, max: 100_000 }), den: fc.integer({ min: 1, max: 1_000_000_000 }) });

test("every tick that is at least a nanosecond long comes back exactly from nanoseconds", () => {
  const ticks = fc.bigInt({ min: -(2n ** 40n), max: 2n ** 40n });
  fc.assert(
    fc.property(bases, ticks, (base, tick) => {
      expect(nsToTicks(ticksToNs(tick, base), base)).toBe(tick);
    }),
  );
});

test("nanoseconds are rounded to the nearest, not cut", () => {
  expect(ticksToNs(1n, { num: 1, den: 30 })).toBe(33_333_333n);
  expect(ticksToNs(2n, { num: 1, den: 30 })).toBe(66_666_667n);
  expect(ticksToNs(-2n, { num: 1, den: 30 })).toBe(-66_666_667n);
  expect(ticksToNs(1n, { num: 1001, den: 30_000 })).toBe(33_366_667n);
});

test("the same instant in another clock", () => {
  expect(rescaleTicks(90_000n, { num: 1, den: 90_000 }, { num: 1, den: 30 })).toBe(30n);
  expect(rescaleTicks(7n, { num: 1, den: 25 }, { num: 1, den: 25 })).toBe(7n);
});
