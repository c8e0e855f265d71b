/** The producer's half of native/core/seat.cpp: what it does at one seat, one atomic access per step. */
import { type Rules, ringSize } from "./rules.ts";
import {
  ghostBit,
  packEntry,
  packWord,
  positionOf,
  type Seat,
  SlotState,
  type State,
  slotOf,
  Violation,
} from "./state.ts";

/** The access that comes next. `idle` and `asleep` lie between two calls. */
export const At = {
  idle: 0,
  asleep: 1,
  readWord: 2,
  endYielded: 3,
  readYielded: 4,
  readHeld: 5,
  ask: 6,
  takeBack: 7,
  writeWord: 8,
  writeRing: 9,
  writeNewest: 10,
  done: 11,
  dead: 12,
  // From here on a frame is there and the consumer may have to hear of it.
  writeHead: 13,
  lookWaiting: 14,
  takeWaiting: 15,
  wake: 16,
} as const;

/** What it does at the seat that `seat` names, and for which verb. */
export const During = {
  acquire: 0,
  ask: 1, // no slot is free: asks every seat for a signal
  acquireAgain: 2,
  post: 3,
  place: 4, // a queue is full: asks it for a signal and looks again
  overwrite: 5,
  push: 6,
  drain: 7,
  gone: 8,
  discard: 9, // takes back what waits for a consumer that is gone
} as const;

/** Its methods say whether what they began, or went on with, is complete; else the next step is an access(). */
export class ProducerSeat {
  private readonly rules: Rules;
  private readonly state: State;
  private readonly pushOrder: readonly number[];

  constructor(rules: Rules, state: State) {
    this.rules = rules;
    this.state = state;
    this.pushOrder = pushOrder(rules);
  }

  private get seat(): Seat {
    return this.state.seats[this.state.producer.seat] as Seat;
  }

  ask(): boolean {
    return this.next(At.ask);
  }

  /** refresh(), or the first half of taking frames back. */
  refresh(): boolean {
    const { record } = this.seat;
    return record.tail < record.head ? this.next(At.readWord) : this.queueRead();
  }

  push(): boolean {
    this.seat.queuedSlots[this.seat.record.head % ringSize] = this.state.producer.writing - 1;
    return this.next(this.pushOrder[0] as number);
  }

  access(): boolean {
    const { at } = this.state.producer;
    if (at >= At.writeWord) return this.pushAccess();
    switch (at) {
      case At.ask:
        return this.asked();
      case At.takeBack:
        return this.takeBack();
      case At.readWord:
        return this.readOldest();
      case At.endYielded:
        return this.endYielded();
      case At.readYielded:
        if (!this.readHeld()) throw new Violation("a consumer holds no more than its credit");
        return this.refresh();
      default:
        this.readHeld();
        return true;
    }
  }

  unclaim(slot: number): void {
    const { claims } = this.state;
    claims[slot] = (claims[slot] as number) - 1;
  }

  private next(at: number): boolean {
    this.state.producer.at = at;
    return false;
  }

  private asked(): boolean {
    this.seat.page.producerWaiting = 1;
    if (this.state.producer.during === During.ask) return true; // looks again once all are asked
    return this.rules.mutation === "producer sleeps without a second look" || this.refresh();
  }

  // ---------------------------------------------------------------- looking

  private queueRead(): boolean {
    const { during } = this.state.producer;
    const { record } = this.seat;
    if (during !== During.overwrite && during !== During.discard) {
      return record.held === 0 || this.next(At.readHeld);
    }
    return record.tail === record.head || this.next(At.takeBack);
  }

  private readOldest(): boolean {
    const { record } = this.seat;
    const position = record.tail;
    const slot = this.seat.slotAt(position);
    switch (this.seat.word(slot)) {
      case packWord(position, SlotState.queued):
        return this.queueRead();
      case packWord(position, SlotState.held):
      case packWord(position, SlotState.yielding):
        if (record.held !== 0) return this.next(At.endYielded);
        record.held = packEntry(position, slot) + 1;
        this.count("taken");
        break;
      case packWord(position, SlotState.free):
        this.unclaim(slot);
        this.count("taken");
        break;
      case packWord(position, SlotState.skipped):
        this.unclaim(slot);
        this.count("passed");
        break;
      default:
        throw new Violation("no consumer is taken for one that breaks the protocol");
    }
    return this.refresh();
  }

  /** The oldest frame left the queue: delivered or skipped, as the consumer did it. */
  private count(fate: "taken" | "passed"): void {
    const { record, ghost } = this.seat;
    const bit = ghostBit(record.tail);
    if ((ghost[fate] & bit) === 0) throw new Violation("a frame is counted as what became of it");
    ghost[fate] -= bit;
    record.tail++;
  }

  private endYielded(): boolean {
    const entry = this.seat.record.held - 1;
    const position = positionOf(entry);
    this.seat.swap(slotOf(entry), packWord(position, SlotState.yielding), packWord(position, SlotState.free));
    return this.next(At.readYielded);
  }

  /** true: what was held is free. */
  private readHeld(): boolean {
    const { record } = this.seat;
    const position = positionOf(record.held - 1);
    const slot = slotOf(record.held - 1);
    const word = this.seat.word(slot);
    const early = this.rules.mutation === "producer takes a yielded slot for a free one";
    if (word === packWord(position, SlotState.held)) return false;
    if (word === packWord(position, SlotState.yielding) && !early) return false;
    if (word !== packWord(position, SlotState.free) && !early) {
      throw new Violation("no consumer is taken for one that breaks the protocol");
    }
    this.unclaim(slot);
    record.held = 0;
    return true;
  }

  // ---------------------------------------------------------------- changing

  /** Overwriting takes one frame back, discarding all of them. */
  private takeBack(): boolean {
    const { record, ghost } = this.seat;
    const position = record.tail;
    const slot = this.seat.slotAt(position);
    const free = packWord(position, SlotState.free);
    if (this.rules.mutation === "producer takes back with a plain store") this.seat.words[slot] = free;
    else if (!this.seat.swap(slot, packWord(position, SlotState.queued), free)) return this.refresh();
    if (((ghost.taken | ghost.passed) & ghostBit(position)) !== 0) {
      throw new Violation("a frame is counted as what became of it");
    }
    this.unclaim(slot);
    record.tail++;
    return this.state.producer.during === During.overwrite || this.refresh();
  }

  private pushAccess(): boolean {
    const { producer } = this.state;
    const { record, words, ring, page, link } = this.seat;
    const slot = producer.writing - 1;
    switch (producer.at) {
      case At.writeWord:
        words[slot] = packWord(record.head, SlotState.queued);
        break;
      case At.writeRing:
        ring[record.head % ringSize] = packEntry(record.head, slot);
        break;
      case At.writeNewest:
        page.newest = packEntry(record.head + 1, slot);
        break;
      case At.writeHead:
        page.head = record.head + 1;
        break;
      case At.lookWaiting:
        if (page.consumerWaiting === 0) break;
        return this.next(At.takeWaiting);
      case At.takeWaiting:
        page.consumerWaiting = 0;
        return this.next(At.wake);
      default:
        link.wake = 1;
        producer.at = At.lookWaiting;
    }
    const next = this.pushOrder[this.pushOrder.indexOf(producer.at) + 1];
    return next === undefined ? this.pushed(slot) : this.next(next);
  }

  private pushed(slot: number): boolean {
    const { claims } = this.state;
    claims[slot] = (claims[slot] as number) + 1;
    this.seat.record.head++;
    return true;
  }
}

function pushOrder({ mutation }: Rules): readonly number[] {
  const { writeWord, writeRing, writeNewest, writeHead, lookWaiting } = At;
  switch (mutation) {
    case "producer raises head before the word says queued":
      return [writeHead, writeWord, writeRing, writeNewest, lookWaiting];
    case "producer looks for a sleeping consumer before it raises head":
      return [writeWord, writeRing, writeNewest, lookWaiting, writeHead];
    default:
      return [writeWord, writeRing, writeNewest, writeHead, lookWaiting];
  }
}
