/** The real core behind the same calls: a producer and its consumers in this process, through the addon. */
import { expect } from "vitest";
import {
  AcquireFlag,
  Flow,
  FrameInfo,
  type NativeConsumer,
  type NativeProducer,
  type NativeStream,
} from "../../native/binding.ts";
import { loadBinding } from "../../native/load.ts";
import type { Answer, Counters } from "./calls.ts";
import type { Mode } from "./rules.ts";

const binding = loadBinding();
binding.start(
  () => {},
  () => {},
);

const streamOptions = { socketMode: 0, socketGroup: -1, strict: false, handshakesPerSecond: 0 };
const accept = {
  ...{ whenFullMask: 0, maxWaitCapacity: 0, maxHeld: 0, maxConsumers: 0, maxSlots: 0, maxWaitMs: 0, maxPoolBytes: 0 },
  ...{ maxHoldMs: 0, onHeldTooLong: 0 as const, idleMs: 0 },
};
const producerOptions = {
  format: { name: "GRAY8", width: 16, height: 16, timeBaseNum: 0, timeBaseDen: 0 },
  accept,
  ...{ maxWriting: 1, waitWithoutConsumer: false, unprotected: false, supportReset: false, slots: 0 },
};

const policyOf = ({ name, whenFull, pick, capacity }: Mode) => ({
  capacity,
  whenFull: whenFull === "wait" ? (0 as const) : (1 as const),
  pick: pick === "next" ? (0 as const) : (1 as const),
  ...{ onStall: 0 as const, start: 0 as const, onDisconnect: 0 as const, noReuse: true },
  ...{ maxHeld: 1, maxWaitMs: -1, maxLag: 0, maxLagTotal: 0, label: name },
});

const info = (field: number): number => Number(binding.frameInfo[field]);

interface End {
  consumer: NativeConsumer;
  /** 0: none. */
  lease: number;
}

export class CoreStream {
  /** As many as admission saw to. */
  readonly slots: number;
  private readonly stream: NativeStream;
  private readonly producer: NativeProducer;
  private readonly ends: readonly End[];
  private writing = { lease: 0, slot: 0 };

  private constructor(stream: NativeStream, producer: NativeProducer, consumers: readonly NativeConsumer[]) {
    this.stream = stream;
    this.producer = producer;
    this.ends = consumers.map((consumer) => ({ consumer, lease: 0 }));
    this.slots = producer.info().slots;
  }

  /** They meet on the event loop. */
  static async open(mode: Mode, count: number): Promise<CoreStream> {
    const stream = binding.createStream(streamOptions);
    const producer = stream.connectProducer(producerOptions);
    const consumers: NativeConsumer[] = [];
    for (let index = 0; index < count; index++) {
      const consumer = stream.connectConsumer({ policy: policyOf(mode), formatMask: 0 });
      await expect.poll(() => binding.states[consumer.state()], { interval: 1 }).toBe("empty");
      consumers.push(consumer);
    }
    return new CoreStream(stream, producer, consumers);
  }

  close(): void {
    for (const { consumer } of this.ends) consumer.close();
    this.producer.close();
    this.stream.close();
  }

  post(): Answer {
    if (this.writing.lease === 0) {
      if (this.producer.tryAcquire() !== Flow.ok) return { number: undefined };
      this.writing = { lease: info(FrameInfo.lease), slot: info(FrameInfo.slot) };
    }
    if (this.producer.tryPost(this.writing.lease, false) !== Flow.ok) return { number: undefined };
    this.writing.lease = 0;
    return { number: info(FrameInfo.number), slot: this.writing.slot };
  }

  acquire(index: number): Answer {
    const end = this.ends[index] as End;
    if (end.consumer.tryAcquire(AcquireFlag.newOnly) !== Flow.ok) return { number: undefined };
    end.lease = info(FrameInfo.lease);
    return { number: info(FrameInfo.number), slot: info(FrameInfo.slot) };
  }

  release(index: number): void {
    const end = this.ends[index] as End;
    end.consumer.release(end.lease);
    end.lease = 0;
  }

  /** Closes, and the producer notices. */
  async leave(index: number): Promise<void> {
    const before = this.producer.info().connections;
    this.ends[index]?.consumer.close();
    await expect.poll(() => this.producer.info().connections, { interval: 1 }).toBe(before - 1);
  }

  counters(index: number): Counters {
    const { consumer } = this.ends[index] as End;
    const seen = consumer.info();
    return {
      state: binding.states[consumer.state()] as Counters["state"],
      posted: Number(seen.posted),
      delivered: Number(seen.delivered),
      skipped: Number(seen.skipped),
      waiting: Number(seen.waiting),
      held: Number(seen.held),
    };
  }
}
