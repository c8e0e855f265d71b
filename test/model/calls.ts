/** The model driven by whole calls, one party after the other: what each call answers, and the counters after it. */
import { At as ConsumerAt, frameWaits } from "./consumer.ts";
import { Model } from "./model.ts";
import { At as ProducerAt } from "./producer-seat.ts";
import { countWaiting } from "./properties.ts";
import type { Rules } from "./rules.ts";
import { positionOf, type Seat, slotOf } from "./state.ts";

/** `number` is undefined when the call would block. */
export interface Answer {
  number: number | undefined;
  slot?: number;
}

export interface Counters {
  state: "empty" | "new-frame-available";
  posted: number;
  delivered: number;
  skipped: number;
  waiting: number;
  held: number;
}

export class ModelStream {
  private readonly model: Model;
  private readonly delivered: number[];

  constructor(rules: Rules) {
    this.model = new Model(rules);
    this.delivered = this.model.consumers.map(() => 0);
  }

  /** Acquires a slot, unless one is out already, and posts it. */
  post(): Answer {
    const { producer, state } = this.model;
    const { posted } = state.producer;
    do {
      if (state.producer.at === ProducerAt.asleep) state.producer.at = ProducerAt.idle;
      this.run(() => producer.step());
    } while (state.producer.at === ProducerAt.idle && state.producer.writing !== 0);
    if (state.producer.posted === posted) return { number: undefined };
    return { number: state.producer.posted, slot: state.producer.lastSlot - 1 };
  }

  acquire(index: number): Answer {
    const consumer = this.model.consumers[index];
    const seat = this.seat(index);
    const earlier = seat.consumer.lease;
    seat.link.wake = 0;
    seat.consumer.at = ConsumerAt.idle;
    this.run(() => consumer?.step(true) === true);
    const { lease } = seat.consumer;
    if (lease === earlier) return { number: undefined };
    this.delivered[index] = (this.delivered[index] as number) + 1;
    return { number: positionOf(lease - 1) + 1, slot: slotOf(lease - 1) };
  }

  release(index: number): void {
    const consumer = this.model.consumers[index];
    if (consumer?.release() !== true) throw new Error("nothing is held");
    // What follows a release is the look for a sleeping producer.
    while (!consumer.resting) consumer.step(true);
  }

  /** Closes, and the producer notices. */
  leave(index: number): void {
    if (this.holds(index)) this.release(index);
    this.model.consumers[index]?.die();
    const { producer } = this.model;
    producer.finish(index);
    while (!producer.resting) producer.step();
    this.model.checkState();
  }

  holds(index: number): boolean {
    return this.seat(index).consumer.lease !== 0;
  }

  counters(index: number): Counters {
    const seat = this.seat(index);
    const delivered = this.delivered[index] as number;
    const waiting = countWaiting(seat);
    return {
      state: frameWaits(seat) ? "new-frame-available" : "empty",
      posted: seat.page.head,
      delivered,
      skipped: seat.page.head - delivered - waiting,
      waiting,
      held: Number(this.holds(index)),
    };
  }

  private seat(index: number): Seat {
    return this.model.state.seats[index] as Seat;
  }

  /** The first step leaves rest, the last one comes back to it. */
  private run(step: () => boolean): void {
    const { producer, consumers } = this.model;
    step();
    while (!producer.resting || consumers.some((consumer) => !consumer.resting)) step();
    this.model.checkState();
  }
}
