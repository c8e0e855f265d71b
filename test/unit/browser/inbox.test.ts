/** Credits and counters of a page's consumer, without a socket: docs/wire.md, "Flow control". */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Arrival, Inbox } from "../../../sdk/browser/inbox.ts";
import { toNativePolicy } from "../../../sdk/native-policy.ts";

const mailbox = toNativePolicy({ mode: "mailbox" }, "ipc");
const fifo = toNativePolicy({ mode: "fifo", fifoLength: 3 }, "ipc");
const broadcast = toNativePolicy({ mode: "broadcast", capacity: 3 }, "ipc");

const frame = (number: number, skipped = 0): Arrival => ({ number: BigInt(number), skipped: BigInt(skipped) });

function arrive(inbox: Inbox<Arrival>, ...frames: Arrival[]): bigint[] {
  return frames.flatMap((one) => {
    inbox.expect();
    return inbox.put(one).map(({ number }) => number);
  });
}

describe("mailbox", () => {
  test("two frames may come at once, and one more for each that arrived, whoever reads", () => {
    const inbox = new Inbox(mailbox, false);
    expect(inbox.credit).toMatchObject({ granted: 2n, acquired: 0n, skipped: 0n, frame: 0n });
    arrive(inbox, frame(1));
    expect(inbox.credit).toMatchObject({ granted: 3n, acquired: 0n });
    expect(arrive(inbox, frame(2))).toEqual([1n]);
    expect(inbox.credit).toMatchObject({ granted: 4n, acquired: 1n, skipped: 1n, frame: 0n });
    expect(inbox.take()).toMatchObject({ frame: { number: 2n }, skipped: 1n });
    expect(inbox.credit).toMatchObject({ granted: 4n, acquired: 2n, skipped: 1n, frame: 2n });
  });

  test("with demand a frame may come only while somebody waits", () => {
    const inbox = new Inbox(mailbox, true);
    expect(inbox.credit.granted).toBe(0n);
    expect(() => inbox.expect()).toThrow(expect.objectContaining({ code: "ERR_BAD_PROTOCOL" }));
    inbox.want();
    inbox.want();
    expect(inbox.credit.granted).toBe(1n);
    arrive(inbox, frame(5, 4));
    expect(inbox.credit.granted).toBe(1n);
    expect(inbox.take()).toMatchObject({ frame: { number: 5n }, skipped: 4n });
    inbox.want();
    expect(inbox.credit.granted).toBe(2n);
  });
});

describe("fifo", () => {
  test("the producer may be fifoLength frames ahead of what was acquired", () => {
    const inbox = new Inbox(fifo, false);
    expect(inbox.credit.granted).toBe(3n);
    arrive(inbox, frame(1), frame(2), frame(3));
    expect(inbox.credit).toMatchObject({ granted: 3n, acquired: 0n });
    expect(() => inbox.expect()).toThrow(expect.objectContaining({ code: "ERR_BAD_PROTOCOL" }));
    inbox.take();
    expect(inbox.credit).toMatchObject({ granted: 4n, acquired: 1n, frame: 1n });
  });

  test("a reset frees the places of what waits, and of a frame that was on its way", () => {
    const inbox = new Inbox(fifo, false);
    arrive(inbox, frame(1), frame(2));
    expect(inbox.reset(3n).map(({ number }) => number)).toEqual([1n, 2n]);
    expect(arrive(inbox, frame(3))).toEqual([3n]);
    expect(arrive(inbox, frame(4))).toEqual([]);
    expect(inbox.counters).toEqual({ posted: 4n, delivered: 0n, skipped: 0n, discarded: 3n, waiting: 1n });
    expect(inbox.credit).toMatchObject({ acquired: 3n, granted: 6n });
    expect(inbox.take()).toMatchObject({ frame: { number: 4n }, skipped: 3n });
  });
});

test("broadcast: the oldest waiting frame is overwritten, and the next one says how many were passed over", () => {
  const inbox = new Inbox(broadcast, false);
  expect(inbox.credit.granted).toBe(3n);
  expect(arrive(inbox, frame(1), frame(2), frame(3), frame(7, 3))).toEqual([1n]);
  expect(inbox.take()).toMatchObject({ frame: { number: 2n }, skipped: 1n });
  inbox.take();
  expect(inbox.take()).toMatchObject({ frame: { number: 7n }, skipped: 3n });
  expect(inbox.counters).toEqual({ posted: 7n, delivered: 3n, skipped: 4n, discarded: 0n, waiting: 0n });
});

test("whatever happens, the counters add up, numbers have no hole, and what may come is bounded", () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("arrive" as const), skipped: fc.nat(3) }),
    fc.record({ kind: fc.constantFrom("take" as const, "reset" as const, "want" as const) }),
  );
  const policies = fc.constantFrom(mailbox, fifo, broadcast);
  fc.assert(
    fc.property(policies, fc.boolean(), fc.array(step, { maxLength: 60 }), (policy, demand, steps) => {
      const inbox = new Inbox(policy, demand && policy !== fifo);
      let newest = 0n;
      let read = 0n;
      let sent = 0n;
      for (const one of steps) {
        if (one.kind === "arrive" && sent < inbox.credit.granted) {
          sent++;
          newest += BigInt(one.skipped) + 1n;
          inbox.expect();
          inbox.put({ number: newest, skipped: BigInt(one.skipped) });
        } else if (one.kind === "take") {
          const taken = inbox.take();
          if (taken !== undefined) expect(taken.frame.number - taken.skipped - 1n).toBe(read);
          read = taken?.frame.number ?? read;
        } else if (one.kind === "reset") {
          inbox.reset(newest);
        } else {
          inbox.want();
        }
        const { posted, delivered, skipped, discarded, waiting } = inbox.counters;
        expect(posted).toBe(newest);
        expect(delivered + skipped + discarded + waiting).toBe(posted);
        expect(inbox.waiting).toBeLessThanOrEqual(policy.capacity);
        expect(inbox.credit.acquired).toBe(sent - waiting);
        expect(inbox.credit.granted - sent).toBeLessThanOrEqual(BigInt(Math.max(policy.capacity, 2)));
      }
    }),
  );
});
