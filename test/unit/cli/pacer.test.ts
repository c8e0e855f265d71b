import { expect, test } from "vitest";
import { Pacer, type PacerClock } from "../../../sdk/cli/pacer.ts";

/** A clock that moves only when somebody sleeps or the test says so. */
class StillClock implements PacerClock {
  ns = 5_000_000_000n;
  slept: number[] = [];
  now(): bigint {
    return this.ns;
  }
  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.slept.push(ms);
    this.ns += BigInt(ms) * 1_000_000n;
  }
}

const signal = new AbortController().signal;
const ms = (value: number) => BigInt(value) * 1_000_000n;

test("frames are due as far apart as their times", async () => {
  const clock = new StillClock();
  const pacer = new Pacer(clock);
  for (const pts of [1000, 1040, 1080, 1200]) await pacer.wait(ms(pts), signal);
  expect(clock.slept).toEqual([40, 40, 120]);
});

test("a frame that is a little late shortens the next wait; nothing is lost over time", async () => {
  const clock = new StillClock();
  const pacer = new Pacer(clock);
  await pacer.wait(ms(0), signal);
  clock.ns += ms(55);
  await pacer.wait(ms(40), signal);
  await pacer.wait(ms(80), signal);
  expect(clock.slept).toEqual([25]);
});

test("after a stall it goes on at normal speed instead of hurrying", async () => {
  const clock = new StillClock();
  const pacer = new Pacer(clock);
  await pacer.wait(ms(0), signal);
  clock.ns += ms(3000);
  await pacer.wait(ms(40), signal);
  await pacer.wait(ms(80), signal);
  expect(clock.slept).toEqual([40]);
});

test("a frame without a time is not held back, and an abort ends the wait", async () => {
  const clock = new StillClock();
  const pacer = new Pacer(clock);
  await pacer.wait(ms(0), signal);
  await pacer.wait(undefined, signal);
  expect(clock.slept).toEqual([]);
  await expect(pacer.wait(ms(100), AbortSignal.abort())).rejects.toThrow();
});
