/** The consumer's end, native/core/consumer.cpp and the lower half of seat.cpp: one atomic access per step. */
import { capacityMax, type Rules, ringSize } from "./rules.ts";
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
  readHead: 2,
  readNewest: 3,
  readRing: 4,
  readWord: 5,
  yield: 6,
  take: 7,
  unyield: 8,
  releaseFirst: 9, // a mutation
  raiseWaiting: 10,
  clearWaiting: 11,
  done: 12,
  dead: 13,
  // From here on something was freed and the producer may have to hear of it.
  readOlder: 14,
  skipOlder: 15,
  endExchange: 16,
  lookSignal: 17,
  takeSignal: 18,
  signal: 19,
  release: 20, // a mutation: after the look
} as const;

export class Consumer {
  private readonly rules: Rules;
  private readonly state: State;
  private readonly seat: Seat;

  constructor(rules: Rules, state: State, index: number) {
    this.rules = rules;
    this.state = state;
    this.seat = state.seats[index] as Seat;
  }

  get alive(): boolean {
    return this.seat.consumer.at !== At.dead;
  }

  /** Between two calls. */
  get resting(): boolean {
    const { at } = this.seat.consumer;
    return at === At.idle || at === At.asleep || at === At.done || at === At.dead;
  }

  /** What it frees in these steps is told at their end. */
  get willLookForSignal(): boolean {
    return this.seat.consumer.at >= At.readOlder;
  }

  /** One step of acquire(), or of waking up. false: it can do nothing. */
  step(producerLives: boolean): boolean {
    const { consumer, page, link } = this.seat;
    switch (consumer.at) {
      case At.done:
      case At.dead:
        return false;
      case At.asleep:
        if (link.wake === 0 && producerLives) return false;
        link.wake = 0;
        consumer.at = At.idle;
        return true;
      case At.idle:
        consumer.ended = producerLives ? 0 : 1;
        this.readHead();
        return true;
      case At.raiseWaiting:
        page.consumerWaiting = 1;
        consumer.secondLook = 1;
        consumer.at = At.readHead;
        if (this.rules.mutation === "consumer sleeps without a second look") this.nothingFound();
        return true;
      case At.clearWaiting:
        page.consumerWaiting = 0;
        consumer.at = At.idle;
        return true;
      default:
        if (consumer.at <= At.readWord) this.peek();
        else if (consumer.at <= At.releaseFirst) this.take();
        else this.afterTake(producerLives);
        return true;
    }
  }

  /** release() of the frame it has, awake or not. false: it has none, or is in the middle of something. */
  release(): boolean {
    const { consumer } = this.seat;
    if (consumer.lease === 0 || (consumer.at !== At.idle && consumer.at !== At.asleep)) return false;
    consumer.sleeps = consumer.at === At.asleep ? 1 : 0;
    if (this.rules.mutation === "consumer looks for a sleeping producer before it releases") {
      consumer.releasesLate = 1;
      consumer.at = At.lookSignal;
      return true;
    }
    this.releaseLease();
    consumer.at = At.lookSignal;
    return true;
  }

  /** The process is gone: nothing of what it remembered matters. */
  die(): boolean {
    if (this.seat.consumer.at === At.dead) return false;
    this.seat.consumer.all.fill(0);
    this.seat.consumer.at = At.dead;
    return true;
  }

  private releaseLease(): void {
    const { consumer } = this.seat;
    const entry = consumer.lease - 1;
    this.seat.words[slotOf(entry)] = packWord(positionOf(entry), SlotState.free);
    consumer.lease = 0;
  }

  // ---------------------------------------------------------------- peek

  private readHead(): void {
    const { consumer, page } = this.seat;
    consumer.head = page.head;
    if (consumer.head - consumer.tail > capacityMax) consumer.tail = consumer.head - capacityMax;
    consumer.step = 0;
    this.nextCandidate();
  }

  private nextCandidate(): void {
    const { consumer } = this.seat;
    if (consumer.step === consumer.head - consumer.tail) {
      consumer.tail = consumer.head;
      this.nothingFound();
      return;
    }
    const newest = this.rules.mode.pick === "newest";
    consumer.candidate = newest ? consumer.head - 1 - consumer.step : consumer.tail + consumer.step;
    consumer.at = At.readNewest;
  }

  private peek(): void {
    const { consumer, page } = this.seat;
    const { candidate } = consumer;
    switch (consumer.at) {
      case At.readHead:
        this.readHead();
        return;
      case At.readNewest:
        if (positionOf(page.newest) === candidate + 1) this.lookAt(packEntry(candidate, slotOf(page.newest)));
        else consumer.at = At.readRing;
        return;
      case At.readRing:
        this.lookAt(this.seat.entry(candidate));
        return;
      default:
        if (this.seat.word(consumer.slot) === packWord(candidate, SlotState.queued)) this.found();
        else this.passOver();
    }
  }

  private lookAt(entry: number): void {
    const { consumer } = this.seat;
    if (positionOf(entry) !== consumer.candidate) {
      this.passOver();
      return;
    }
    consumer.slot = slotOf(entry);
    consumer.at = At.readWord;
  }

  private passOver(): void {
    const { consumer } = this.seat;
    if (this.rules.mode.whenFull === "wait") throw new Violation("a waiting queue loses no frame");
    consumer.step++;
    this.nextCandidate();
  }

  private found(): void {
    const { consumer } = this.seat;
    if (this.rules.mode.pick === "next") consumer.tail = consumer.candidate;
    if (consumer.secondLook === 1) {
      this.forgetLook();
      consumer.at = At.clearWaiting;
    } else if (consumer.lease === 0) consumer.at = At.take;
    else if (this.rules.mutation === "consumer releases before it takes") consumer.at = At.releaseFirst;
    else consumer.at = At.yield;
  }

  private nothingFound(): void {
    const { consumer } = this.seat;
    const asleep = consumer.secondLook === 1;
    this.forgetLook();
    if (asleep) consumer.at = At.asleep;
    else consumer.at = consumer.ended === 1 ? At.done : At.raiseWaiting;
  }

  private forgetLook(): void {
    const { consumer } = this.seat;
    consumer.head = 0;
    consumer.step = 0;
    consumer.candidate = 0;
    consumer.slot = 0;
    consumer.secondLook = 0;
  }

  // ---------------------------------------------------------------- take

  private take(): void {
    const { consumer } = this.seat;
    const earlier = consumer.lease - 1;
    switch (consumer.at) {
      case At.yield:
        this.seat.words[slotOf(earlier)] = packWord(positionOf(earlier), SlotState.yielding);
        consumer.at = At.take;
        return;
      case At.releaseFirst:
        this.seat.words[slotOf(earlier)] = packWord(positionOf(earlier), SlotState.free);
        consumer.at = At.take;
        return;
      case At.unyield:
        this.seat.words[slotOf(earlier)] = packWord(positionOf(earlier), SlotState.held);
        consumer.at = At.idle;
        return;
      default:
        if (this.swapToHeld()) this.taken();
        else this.lost();
    }
  }

  private swapToHeld(): boolean {
    const { candidate, slot } = this.seat.consumer;
    if (this.rules.mutation === "consumer takes with a plain store") {
      this.seat.words[slot] = packWord(candidate, SlotState.held);
      return true;
    }
    return this.seat.swap(slot, packWord(candidate, SlotState.queued), packWord(candidate, SlotState.held));
  }

  private lost(): void {
    const { consumer } = this.seat;
    this.forgetLook();
    consumer.at =
      consumer.lease === 0 || this.rules.mutation === "consumer releases before it takes" ? At.idle : At.unyield;
  }

  private taken(): void {
    const { consumer, ghost, record } = this.seat;
    const { candidate, slot } = consumer;
    if (candidate < record.tail) throw new Violation("a frame is counted once");
    ghost.taken |= ghostBit(candidate);
    consumer.earlier = consumer.lease;
    consumer.lease = packEntry(candidate, slot) + 1;
    this.forgetLook();
    this.nextOlder();
  }

  // ---------------------------------------------------------------- after a take

  /** The position that was taken. */
  private position(): number {
    return positionOf(this.seat.consumer.lease - 1);
  }

  private nextOlder(): void {
    const { consumer } = this.seat;
    if (this.rules.mode.pick === "newest" && consumer.tail < this.position()) {
      consumer.at = At.readOlder;
      return;
    }
    consumer.slot = 0;
    consumer.tail = this.position() + 1;
    consumer.at = consumer.earlier === 0 ? At.lookSignal : At.endExchange;
    if (this.rules.mutation === "consumer releases before it takes") this.exchanged();
  }

  private exchanged(): void {
    this.seat.consumer.earlier = 0;
    this.seat.consumer.at = At.lookSignal;
  }

  private afterTake(producerLives: boolean): void {
    const { consumer, page, ghost } = this.seat;
    const { tail } = consumer;
    switch (consumer.at) {
      case At.readOlder:
        consumer.slot = slotOf(this.seat.entry(tail));
        consumer.at = At.skipOlder;
        if (positionOf(this.seat.entry(tail)) === tail) return;
        consumer.tail++;
        this.nextOlder();
        return;
      case At.skipOlder:
        if (this.seat.swap(consumer.slot, packWord(tail, SlotState.queued), packWord(tail, SlotState.skipped))) {
          ghost.passed |= ghostBit(tail);
        }
        consumer.tail++;
        this.nextOlder();
        return;
      case At.endExchange:
        this.endExchange(consumer.earlier - 1);
        return;
      case At.lookSignal:
        if (page.producerWaiting === 0) this.told();
        else consumer.at = At.takeSignal;
        return;
      case At.takeSignal:
        page.producerWaiting = 0;
        consumer.at = At.signal;
        return;
      case At.signal:
        if (producerLives) this.state.producer.signal = 1;
        this.told();
        return;
      default:
        this.releaseLease();
        consumer.releasesLate = 0;
        this.rest();
    }
  }

  private endExchange(earlier: number): void {
    const slot = slotOf(earlier);
    const free = packWord(positionOf(earlier), SlotState.free);
    if (this.rules.mutation === "consumer ends the exchange with a plain store") this.seat.words[slot] = free;
    else this.seat.swap(slot, packWord(positionOf(earlier), SlotState.yielding), free);
    this.exchanged();
  }

  private told(): void {
    if (this.seat.consumer.releasesLate === 1) this.seat.consumer.at = At.release;
    else this.rest();
  }

  private rest(): void {
    const { consumer } = this.seat;
    consumer.at = consumer.sleeps === 1 ? At.asleep : At.idle;
    consumer.sleeps = 0;
  }
}

/** Whether a frame waits at this seat that its consumer could take. */
export function frameWaits(seat: Seat): boolean {
  const { head } = seat.page;
  for (let position = Math.max(0, head - ringSize); position < head; position++) {
    const entry = seat.entry(position);
    if (positionOf(entry) === position && seat.word(slotOf(entry)) === packWord(position, SlotState.queued))
      return true;
  }
  return false;
}
