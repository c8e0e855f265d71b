/** Waiting: first come, first served; timeouts are minimums; nothing is left behind. */
import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import { KeepAlive } from "../../sdk/keep-alive.ts";
import { Gate, type GiveUp } from "../../sdk/wait.ts";

function counter() {
  return {
    count: 0,
    ref() {
      this.count++;
    },
    unref() {
      this.count--;
    },
  };
}

function gateWith(values: string[] = []) {
  const loop = counter();
  const gate = new Gate(new KeepAlive(loop));
  return { loop, gate, values, take: () => values.shift() };
}
const why = (reason: GiveUp) => reason as string;

describe("a gate", () => {
  test("gives what is there at once, without keeping the process alive", async () => {
    const { gate, loop, take } = gateWith(["a"]);
    const waited = gate.wait(take, why, { timeoutMs: 50 });
    expect(loop.count).toBe(0);
    expect(gate.busy).toBe(false);
    expect(await waited).toBe("a");
  });

  test("serves waiters in order, as many as a wake-up allows, and holds the process until the last", async () => {
    const { gate, loop, values, take } = gateWith();
    const all = [gate.wait(take, why, {}), gate.wait(take, why, {}), gate.wait(take, why, {})];
    expect(loop.count).toBe(1);
    gate.wake(); // spurious
    values.push("first", "second");
    gate.wake();
    expect(await all[0]).toBe("first");
    expect(await all[1]).toBe("second");
    expect(gate.busy).toBe(true);
    values.push("third");
    gate.wake();
    expect(await all[2]).toBe("third");
    expect(loop.count).toBe(0);
  });

  test("a newcomer does not overtake those who wait", async () => {
    const { gate, values, take } = gateWith();
    const early = gate.wait(take, why, {});
    values.push("for the early one", "for the late one");
    const late = gate.wait(take, why, {});
    gate.wake();
    expect([await early, await late]).toEqual(["for the early one", "for the late one"]);
  });

  test("a timeout is a minimum, and 0 does not wait", async () => {
    const { gate, loop, take } = gateWith();
    expect(await gate.wait(take, why, { timeoutMs: 0 })).toBe("timeout");
    for (const timeoutMs of [0.4, 1, 3, 11]) {
      const started = performance.now();
      expect(await gate.wait(take, why, { timeoutMs })).toBe("timeout");
      expect(performance.now() - started).toBeGreaterThanOrEqual(timeoutMs);
    }
    expect(gate.busy).toBe(false);
    expect(loop.count).toBe(0);
  });

  test("an abort ends the wait and leaves no listener; an aborted signal is not even tried", async () => {
    const { gate, values, take } = gateWith();
    const controller = new AbortController();
    const waiting = gate.wait(take, why, { signal: controller.signal });
    controller.abort();
    expect(await waiting).toBe("aborted");
    values.push("untouched");
    expect(await gate.wait(take, why, { signal: controller.signal })).toBe("aborted");
    expect(values).toEqual(["untouched"]);
    const other = new AbortController();
    expect(await gate.wait(take, why, { signal: other.signal })).toBe("untouched");
    const last = gate.wait(take, why, { signal: other.signal, timeoutMs: 1 });
    expect(await last).toBe("timeout");
    expect(getEventListeners(other.signal, "abort")).toHaveLength(0);
  });

  test("an abort from inside the attempt does not lose what the attempt brings", async () => {
    const { gate } = gateWith();
    const controller = new AbortController();
    let ready = false;
    const attempt = () => {
      if (!ready) return undefined;
      controller.abort();
      return "frame";
    };
    const waiting = gate.wait<string>(attempt, why, { signal: controller.signal });
    ready = true;
    gate.wake();
    expect(await waiting).toBe("frame");
  });

  test("a throw in the attempt or in the giving up is the wait's rejection, and the next one is served", async () => {
    const { gate, values, take } = gateWith();
    let broken = false;
    const failing = gate.wait<string>(
      () => {
        if (broken) throw new Error("broken");
        return undefined;
      },
      why,
      {},
    );
    const next = gate.wait(take, why, {});
    broken = true;
    values.push("served");
    gate.wake();
    await expect(failing).rejects.toThrow("broken");
    expect(await next).toBe("served");
    const refuse = () => {
      throw new Error("gave up");
    };
    await expect(gate.wait(take, refuse, { timeoutMs: 0 })).rejects.toThrow("gave up");
    await expect(gate.wait(take, refuse, { timeoutMs: 2 })).rejects.toThrow("gave up");
  });

  test("when the first one gives up, the one behind it is tried", async () => {
    const { gate, values, take } = gateWith();
    const picky = gate.wait<string>(() => undefined, why, { timeoutMs: 5 });
    const behind = gate.wait(take, why, {});
    values.push("mine");
    gate.wake();
    expect(values).toEqual(["mine"]); // the order holds
    expect(await picky).toBe("timeout");
    expect(await behind).toBe("mine");
  });

  test("a wake-up from inside an attempt is not lost", async () => {
    const { gate, values, take } = gateWith();
    const first = gate.wait<string>(
      () => {
        const value = take();
        if (value === undefined) return undefined;
        values.push("for the second");
        gate.wake();
        return value;
      },
      why,
      {},
    );
    const second = gate.wait(take, why, {});
    values.push("for the first");
    gate.wake();
    expect([await first, await second]).toEqual(["for the first", "for the second"]);
  });
});

describe("keeping the process alive", () => {
  test("only while held and referenced, in any order of calls", () => {
    const loop = counter();
    const alive = new KeepAlive(loop);
    alive.hold();
    alive.hold();
    expect(loop.count).toBe(1);
    alive.unref();
    alive.unref();
    expect(loop.count).toBe(0);
    alive.drop();
    alive.ref();
    expect(loop.count).toBe(1);
    alive.drop();
    expect(loop.count).toBe(0);
    alive.unref();
    alive.hold();
    expect(loop.count).toBe(0);
  });
});
