import { expect, test } from "vitest";
import { StreamError } from "../../../sdk/base/errors.ts";
import type { ConnectionStats, ProducerStats } from "../../../sdk/base/stats-types.ts";
import { type Closable, drain } from "../../../sdk/cli/drain.ts";

/** A producer whose one consumer takes `taking` more frames, one per wait. */
class DrainingProducer implements Closable {
  waits = 0;
  delivered = 0n;
  #taking: number;

  constructor(taking: number) {
    this.#taking = taking;
  }

  async closeInput(): Promise<void> {
    this.waits += 1;
    if (this.#taking === 0) return;
    if (this.#taking > 0) {
      this.#taking -= 1;
      this.delivered += 1n;
    }
    throw new StreamError("ERR_TIMEOUT", "not yet", { reason: "timeout" });
  }

  stats(): ProducerStats {
    const none = { posted: 0n, skipped: 0n, discarded: 0n, waiting: 1n, held: 0n, since: 0n, latency: undefined };
    const about = { previous: undefined, consumerLatencyUsec: 0 };
    const connection: ConnectionStats = {
      ...{ id: 1n, mode: "fifo", state: "new-frame-available", client: "", pid: 1 },
      ...none,
      ...about,
      delivered: this.delivered,
    };
    const pool = { bytes: 0n, slots: 0, slotsFree: 0, memoryObjects: 0 };
    return { epoch: 1n, frames: 0n, noConsumer: 0n, paused: false, droppedPaused: 0n, pool, connections: [connection] };
  }
}

const signal = new AbortController().signal;

test("it waits while a consumer takes frames, and ends when it has all", async () => {
  const producer = new DrainingProducer(5);
  await expect(drain(producer, 1, signal)).resolves.toBe(true);
  expect(producer.waits).toBe(6);
});

test("a consumer that takes nothing is not waited for again", async () => {
  const producer = new DrainingProducer(-1);
  await expect(drain(producer, 1, signal)).resolves.toBe(false);
  expect(producer.waits).toBe(1);
});

test("told to stop, it does not wait; a real failure comes through", async () => {
  await expect(drain(new DrainingProducer(5), 1, AbortSignal.abort())).resolves.toBe(false);
  const broken: Closable = {
    closeInput: () => Promise.reject(new StreamError("ERR_BAD_STREAM", "closed")),
    stats: () => new DrainingProducer(0).stats(),
  };
  await expect(drain(broken, 1, signal)).rejects.toThrow(expect.objectContaining({ code: "ERR_BAD_STREAM" }));
});
