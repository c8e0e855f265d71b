/** How a page's connection ends, and how it comes back. */
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import { type BrowserConsumer, connectConsumer } from "../../../sdk/browser/index.ts";
import type { WireProducer } from "../../programs/wire-producer.ts";
import { addsUp, consuming, failsWith, frameOf, pixels, producing, until, useWebSockets } from "./consuming.ts";

useWebSockets();

describe("endings", () => {
  test.each([
    ["ended", "mailbox", 1],
    ["stopped", "fifo", 0],
    ["producer-closed", "fifo", 1],
    ["producer-closed", "mailbox", 0],
    ["evicted-stall", "fifo", 0],
  ] as const)("%s at a %s: %i of one waiting frame is still read", async (cause, mode, read) => {
    const producer = await producing();
    const consumer = await consuming(producer, { mode });
    producer.post(pixels(1));
    await until(() => consumer.stats().waiting === 1n);
    (await producer.seat(0)).send({ type: "bye", cause, reason: "because" });
    await until(() => consumer.cause === cause);
    const { status } = await consumer.next();
    expect(status).toBe(read === 1 ? "ok" : cause.startsWith("evicted") ? "evicted" : "closed");
    expect(consumer.stats()).toMatchObject({ posted: 1n, delivered: BigInt(read), discarded: BigInt(1 - read) });
    expect(consumer).toMatchObject({ state: "disconnected", reason: "because" });
  });

  test("an iteration ends after `ended` and throws when the producer is lost", async () => {
    const producer = await producing();
    const [ended, lost] = [await consuming(producer, { mode: "fifo" }), await consuming(producer)];
    producer.post(pixels(1));
    const read = async (consumer: BrowserConsumer) => {
      let count = 0;
      for await (const _frame of consumer) count++;
      return count;
    };
    const reading = [read(ended), read(lost)];
    (await producer.seat(0)).send({ type: "bye", cause: "ended", reason: "" });
    expect(await reading[0]).toBe(1);
    (await producer.seat(1)).socket.terminate();
    await expect(reading[1]).rejects.toEqual(failsWith("ERR_PRODUCER_LOST", "closed"));
    expect(lost.cause).toBe("producer-lost");
  });

  test("a producer that says nothing for the idle time is lost; one that is pinged is not", async () => {
    const producer = await producing();
    const lively = await consuming(producer, { idleTimeoutMs: 80 });
    const silent = await consuming(producer, { idleTimeoutMs: 80 });
    (await producer.seat(1)).answersPings = false;
    await until(() => silent.state === "disconnected");
    expect(silent).toMatchObject({ cause: "producer-lost", reason: expect.stringContaining("80 ms") });
    const { pings } = await producer.seat(0);
    await until(() => (producer.seats[0]?.pings ?? 0) >= pings + 5);
    expect(lively.state).toBe("empty");
  });

  test("a frame that was not granted, text, and a message of another role end the connection", async () => {
    const producer = await producing();
    const breaches: ((seat: Awaited<ReturnType<WireProducer["seat"]>>) => void)[] = [
      (seat) => {
        for (const number of [1n, 2n, 3n]) seat.sendFrame({ pixels: pixels(1), number, head: {} });
      },
      (seat) => seat.socket.send("text"),
      (seat) => seat.send({ type: "credit", granted: 0n, acquired: 0n, skipped: 0n, frame: 0n }),
    ];
    for (const [index, breach] of breaches.entries()) {
      const consumer = await consuming(producer, { mode: "fifo", fifoLength: 2 });
      breach(await producer.seat(index));
      await until(() => consumer.cause === "producer-lost");
      expect(consumer.reason).not.toBe("");
      addsUp(consumer);
    }
  });

  test("a ping is answered", async () => {
    const producer = await producing();
    await consuming(producer);
    const seat = await producer.seat(0);
    seat.send({ type: "ping", id: 77n, sent: 5n });
    await until(() => seat.heard.some(({ type }) => type === "pong"));
    expect(seat.heard.find(({ type }) => type === "pong")).toMatchObject({ id: 77n, sent: 5n });
  });
});

describe("reconnect", () => {
  const soon = { firstMs: 1, maxMs: 20 };

  test("the next life is a new connection that names the one before; what was missed is counted", async () => {
    const first = await producing();
    const consumer = await consuming(first, { mode: "fifo", reconnect: soon });
    const reconnected = new Promise((resolve) => consumer.once("reconnected", resolve));
    first.post(pixels(1));
    expect(await frameOf(consumer)).toMatchObject({ number: 1n });
    const { port, epoch } = first;
    await first.kill();
    await until(() => consumer.state === "disconnected");
    const waiting = frameOf(consumer);
    const second = await producing({ port });
    const seat = await second.seat(0);
    expect(await reconnected).toEqual({ connection: 1n, epoch: second.epoch });
    expect(seat.hello).toMatchObject({ previousEpoch: epoch, previous: 1n });
    seat.post({ pixels: pixels(6), number: 6n, head: { epoch: second.epoch, skipped: 0n } });
    expect((await waiting).data[0]).toBe(6);
    const stats = consumer.stats();
    expect(stats).toMatchObject({ reconnects: 1, previous: 1n, missed: 5n, posted: 1n, delivered: 1n });
    expect(stats.lifetime).toMatchObject({ connections: 2, posted: 2n, delivered: 2n });
  });

  test("a first connection that does not come about is not tried again", async () => {
    const producer = await producing({ token: "secret" });
    let dials = 0;
    class Counted extends WebSocket {
      constructor(...given: ConstructorParameters<typeof WebSocket>) {
        super(...given);
        dials++;
      }
    }
    vi.stubGlobal("WebSocket", Counted);
    const mute = await producing({ welcomes: false });
    await expect(connectConsumer(producer.address, { reconnect: soon })).rejects.toEqual(failsWith("ERR_BAD_ACCESS"));
    await expect(connectConsumer(mute.address, { reconnect: soon, connectTimeoutMs: 20 })).rejects.toEqual(
      failsWith("ERR_TIMEOUT"),
    );
    await delay(60);
    expect(dials).toBe(2);
  });

  test("without attempts left every read fails; a close ends the search", async () => {
    const producer = await producing();
    const short = await consuming(producer, { reconnect: { ...soon, attempts: 2 } });
    const patient = await consuming(producer, { reconnect: soon });
    const [failing, waiting] = [short.next(), patient.next()];
    await producer.kill();
    await expect(failing).rejects.toEqual(failsWith("ERR_PRODUCER_LOST", "closed"));
    await patient.close();
    expect(await waiting).toEqual({ status: "closed" });
  });

  test("`ended` is the producer's last word: nobody looks for it again", async () => {
    const producer = await producing();
    const consumer = await consuming(producer, { reconnect: soon });
    const waiting = consumer.next();
    (await producer.seat(0)).send({ type: "bye", cause: "ended", reason: "" });
    expect(await waiting).toEqual({ status: "closed" });
    await delay(60);
    expect(producer.seats).toHaveLength(1);
  });
});
