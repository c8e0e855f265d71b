/** The search for a producer's next life against a binding that the test plays: pauses, attempts, what was missed. */
import { describe, expect, test } from "vitest";
import { StreamError } from "../../sdk/base/errors.ts";
import type { WhileAway } from "../../sdk/base/types.ts";
import { BindingHost } from "../../sdk/binding-host.ts";
import { Consumer } from "../../sdk/consumer.ts";
import { pausesMs, type Reopen } from "../../sdk/supervise.ts";
import { FakeBinding, FakeConsumer } from "./fake-binding.ts";
import { plainSetup } from "./plain-setup.ts";

const backoff = { firstMs: 1, maxMs: 4, factor: 2, jitter: 0, attempts: 3 };

describe("the pauses", () => {
  test("grow by the factor up to the longest, as many as there are attempts", () => {
    expect([...pausesMs({ firstMs: 10, maxMs: 50, factor: 2, jitter: 0, attempts: 5 })]).toEqual([10, 20, 40, 50, 50]);
    expect([...pausesMs({ firstMs: 80, maxMs: 50, factor: 2, jitter: 0, attempts: 2 })]).toEqual([50, 50]);
  });

  test("are shortened by up to `jitter` of themselves, and what follows is not", () => {
    const dice = [0, 1, 0.5];
    const pauses = pausesMs(
      { firstMs: 100, maxMs: 1000, factor: 2, jitter: 0.5, attempts: 3 },
      () => dice.shift() ?? 0,
    );
    expect([...pauses]).toEqual([100, 100, 300]);
  });
});

/** A consumer whose next lives are these, one after the other; then there is none. */
function revived(lives: ((binding: FakeBinding) => FakeConsumer)[], whileAway: WhileAway = "wait") {
  const binding = new FakeBinding();
  const first = new FakeConsumer(binding);
  let attempts = 0;
  const reopen: Reopen = async () => {
    attempts++;
    const life = lives.shift();
    if (life === undefined) throw new StreamError("ERR_NOT_FOUND", "nobody listens");
    return life(binding);
  };
  const consumer = new Consumer(new BindingHost(binding.asNative()), first, {
    strict: false,
    wait: "event",
    comeback: { reopen, backoff, whileAway },
    onClosed: () => {},
    ...plainSetup,
  });
  return { first, consumer, attempts: () => attempts };
}

function life(of: { epoch: bigint; connection: bigint; frame?: bigint; posted?: bigint }) {
  return (binding: FakeBinding) => {
    const native = new FakeConsumer(binding);
    native.epoch = of.epoch;
    native.connection = of.connection;
    native.counters = { posted: of.posted ?? 1n, delivered: 1n, skipped: 0n, discarded: 0n };
    if (of.frame !== undefined) native.deliver(of.frame);
    return native;
  };
}

test("when all attempts failed, whoever reads is told ERR_PRODUCER_LOST, with the last reason", async () => {
  const { first, consumer, attempts } = revived([]);
  first.deliver(1n);
  await consumer.next();
  const next = consumer.next();
  first.end("producer-lost");
  const lost = {
    code: "ERR_PRODUCER_LOST",
    reason: "closed",
    message: expect.stringMatching(/3 attempts.*nobody listens/),
  };
  await expect(next).rejects.toMatchObject(lost);
  expect(attempts()).toBe(3);
  await expect(consumer.acquire()).rejects.toMatchObject(lost);
  expect(() => consumer.tryAcquire()).toThrow(expect.objectContaining({ code: "ERR_PRODUCER_LOST" }));
  expect(attempts()).toBe(3);
  expect(consumer.stats()).toMatchObject({ reconnects: 0, missed: 0n, previous: undefined });
});

test("missed: what the new life had posted before; previous and lifetime join the connections", async () => {
  const { first, consumer } = revived([life({ epoch: 2n, connection: 9n, frame: 6n })]);
  first.counters = { posted: 10n, delivered: 4n, skipped: 5n, discarded: 1n };
  first.deliver(10n);
  await consumer.next();
  expect(consumer.stats()).toMatchObject({ missed: 0n, lifetime: { connections: 1, posted: 10n } });
  first.end("producer-lost");
  const back = new Promise((resolve) => consumer.once("reconnected", resolve));
  await back;
  expect(consumer.stats().missed).toBeUndefined(); // its first frame will tell
  expect(await consumer.next()).toMatchObject({ frame: { number: 6n, epoch: 2n } });
  expect(consumer.stats()).toMatchObject({
    reconnects: 1,
    connection: 9n,
    previous: 7n,
    missed: 5n,
    posted: 1n,
    lifetime: { connections: 2, posted: 11n, delivered: 5n, skipped: 5n, discarded: 1n },
  });
});

test("missed: a producer that lived on tells it by its own numbers", async () => {
  const { first, consumer } = revived([life({ epoch: 1n, connection: 8n, frame: 30n })]);
  first.counters = { posted: 12n, delivered: 12n, skipped: 0n, discarded: 0n };
  first.deliver(5n); // it began to count after frame 4, so frame 16 was its last
  await consumer.next();
  first.end("producer-lost");
  expect(await consumer.next()).toMatchObject({ frame: { number: 30n } });
  expect(consumer.stats().missed).toBe(13n); // 17 to 29
});

test("missed: not known when no number tells where the absence began", async () => {
  const { first, consumer } = revived([life({ epoch: 1n, connection: 8n, frame: 30n })]);
  first.end("producer-lost");
  expect(await consumer.next()).toMatchObject({ frame: { number: 30n } });
  expect(consumer.stats().missed).toBeUndefined();
});

test("a life that brings no frame is passed over: the next one's numbers tell", async () => {
  const { first, consumer } = revived([
    (binding) => {
      const silent = life({ epoch: 2n, connection: 8n })(binding);
      setImmediate(() => silent.end("producer-lost"));
      return silent;
    },
    life({ epoch: 3n, connection: 9n, frame: 3n }),
  ]);
  first.deliver(1n);
  const held = await consumer.acquire();
  first.end("producer-closed");
  expect(await consumer.next()).toMatchObject({ frame: { number: 3n, epoch: 3n } });
  expect(held.released).toBe(true);
  expect(consumer.stats()).toMatchObject({ reconnects: 2, previous: 8n, missed: 2n, lifetime: { connections: 3 } });
});

describe("while the producer is away", () => {
  test("hold-last: the last frame again, released or not, until the next life's first one", async () => {
    const { first, consumer } = revived(
      [
        (binding) => {
          const silent = life({ epoch: 2n, connection: 8n })(binding);
          setTimeout(() => silent.end("producer-lost"), 2);
          return silent;
        },
        life({ epoch: 3n, connection: 9n }),
      ],
      "hold-last",
    );
    first.deliver(4n);
    (await consumer.acquire()).release();
    first.end("producer-lost");
    const held = await consumer.acquire({ timeoutMs: 0 });
    expect(held).toMatchObject({ number: 4n, isNew: false, released: false });
    expect(held.data[0]).toBe(4);
    expect(consumer.tryAcquire({ newOnly: true })).toEqual({ status: "would-block" });
    await new Promise((resolve) => consumer.once("reconnected", resolve));
    expect(held.released).toBe(false);
    expect(first.closed).toBe(false);
    expect(consumer.tryAcquire()).toMatchObject({ status: "ok", frame: { number: 4n, isNew: false } });
    await new Promise((resolve) => consumer.once("reconnected", resolve));
    expect(consumer.tryAcquire()).toMatchObject({ status: "ok", frame: { number: 4n, isNew: false } });
    const next = consumer.next();
    expect(consumer.stats()).toMatchObject({ reconnects: 2, missed: undefined });
    await consumer.close();
    expect(await next).toEqual({ status: "closed" });
    expect(first.closed).toBe(true);
  });

  test("hold-last: the new frame ends the old one", async () => {
    const { first, consumer } = revived([life({ epoch: 2n, connection: 8n, frame: 1n })], "hold-last");
    first.deliver(4n);
    await consumer.acquire();
    first.end("producer-lost");
    const held = await consumer.acquire({ timeoutMs: 0 });
    expect(held.number).toBe(4n);
    expect(await consumer.acquire()).toMatchObject({ number: 1n, epoch: 2n, isNew: true });
    expect(held.released).toBe(true);
    expect(first.closed).toBe(true);
  });

  test("hold-last: with nothing to hold it waits", async () => {
    const { first, consumer } = revived([life({ epoch: 2n, connection: 8n, frame: 1n })], "hold-last");
    first.end("producer-lost");
    expect(consumer.tryAcquire()).toEqual({ status: "would-block" });
    expect(await consumer.acquire()).toMatchObject({ number: 1n, epoch: 2n });
  });

  test("fail: every way of reading says so at once, and the next life cures it", async () => {
    const { first, consumer } = revived([life({ epoch: 2n, connection: 8n, frame: 1n })], "fail");
    const away = { code: "ERR_BAD_STATE", reason: "disconnected" };
    const iterate = async () => {
      for await (const frame of consumer) return frame.number;
      return undefined;
    };
    const waiting = consumer.acquire();
    first.end("producer-lost");
    await expect(waiting).rejects.toMatchObject(away);
    await expect(consumer.acquire()).rejects.toMatchObject(away);
    await expect(iterate()).rejects.toMatchObject(away);
    expect(await consumer.next()).toEqual({ status: "disconnected" });
    expect(consumer.tryAcquire()).toEqual({ status: "disconnected" });
    await new Promise((resolve) => consumer.once("reconnected", resolve));
    expect(await iterate()).toBe(1n);
  });
});
