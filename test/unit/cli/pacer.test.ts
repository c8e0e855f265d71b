import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { Pacer, type PacerClock, StoppableClock } from "../../../sdk/cli/pacer.ts";

/** A clock that moves only when somebody sleeps or the test says so. */
class StillClock implements PacerClock {
  ns = 5_000_000_000n;
  slept: number[] = [];
  now(): bigint {
    return this.ns;
  }
  async sleep(ms: number): Promise<void> {
    this.slept.push(ms);
    this.ns += BigInt(ms) * 1_000_000n;
  }
}

const ms = (value: number) => BigInt(value) * 1_000_000n;

test("frames are due as far apart as their times", async () => {
  const clock = new StillClock();
  const pacer = new Pacer(clock);
  for (const pts of [1000, 1040, 1080, 1200]) await pacer.wait(ms(pts));
  expect(clock.slept).toEqual([40, 40, 120]);
});

test("a frame that is a little late shortens the next wait; nothing is lost over time", async () => {
  const clock = new StillClock();
  const pacer = new Pacer(clock);
  await pacer.wait(ms(0));
  clock.ns += ms(55);
  await pacer.wait(ms(40));
  await pacer.wait(ms(80));
  expect(clock.slept).toEqual([25]);
});

test("after a stall it goes on at normal speed instead of hurrying", async () => {
  const clock = new StillClock();
  const pacer = new Pacer(clock);
  await pacer.wait(ms(0));
  clock.ns += ms(3000);
  await pacer.wait(ms(40));
  await pacer.wait(ms(80));
  expect(clock.slept).toEqual([40]);
});

test("a frame without a time is not held back", async () => {
  const clock = new StillClock();
  const pacer = new Pacer(clock);
  await pacer.wait(ms(0));
  await pacer.wait(undefined);
  expect(clock.slept).toEqual([]);
});

test("an abort ends the wait, and every later one", async () => {
  const controller = new AbortController();
  const pacer = new Pacer(new StoppableClock(controller.signal));
  await pacer.wait(ms(0));
  const waiting = pacer.wait(ms(3_600_000));
  controller.abort();
  await expect(waiting).rejects.toThrow(/abort/);
  await expect(pacer.wait(ms(3_600_001))).rejects.toThrow(/abort/);
});

test("the real clock sleeps as often as it is asked to, and leaves one listener behind", async () => {
  const { signal } = new AbortController();
  const clock = new StoppableClock(signal);
  const before = clock.now();
  for (let count = 0; count < 20; count += 1) await clock.sleep(1);
  expect(clock.now() - before).toBeGreaterThan(0n);
  expect(getEventListeners(signal, "abort")).toHaveLength(1);
});
