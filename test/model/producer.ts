/** The producer's verbs, native/core/producer.cpp: acquire, post, drain, and the end of a connection. */
import { At, During, ProducerSeat } from "./producer-seat.ts";
import type { Rules } from "./rules.ts";
import { type Seat, type State, slotOf, Violation } from "./state.ts";

export class Producer {
  private readonly rules: Rules;
  private readonly state: State;
  private readonly here: ProducerSeat;

  constructor(rules: Rules, state: State) {
    this.rules = rules;
    this.state = state;
    this.here = new ProducerSeat(rules, state);
  }

  get alive(): boolean {
    return this.state.producer.at !== At.dead;
  }

  /** It takes no step any more. */
  get finished(): boolean {
    const { at } = this.state.producer;
    return at === At.done || at === At.dead;
  }

  /** Between two calls. */
  get resting(): boolean {
    const { at } = this.state.producer;
    return at === At.idle || at === At.asleep || at === At.done || at === At.dead;
  }

  /** It raised this seat's head, or is about to, and has not looked for a sleeper since. */
  willWake(index: number): boolean {
    const { at, seat } = this.state.producer;
    return at >= At.writeHead && seat === index;
  }

  /** One step of acquire(), post() or drain(), whichever is next. false: it can do nothing. */
  step(): boolean {
    const { producer } = this.state;
    switch (producer.at) {
      case At.done:
      case At.dead:
        return false;
      case At.asleep:
        if (producer.signal === 0) return false;
        producer.signal = 0;
        producer.at = At.idle;
        return true;
      case At.idle:
        this.begin();
        // Where a call starts nothing is shared yet; its first access belongs to the same step.
        if (this.resting) return true;
        break;
    }
    this.goOn(this.here.access());
    return true;
  }

  /** Its event loop finds the socket of a dead consumer closed: finish(), then abandon(). */
  finish(index: number): boolean {
    const { producer, seats } = this.state;
    const { link } = seats[index] as Seat;
    if (link.connected === 0 || !this.resting || this.finished) return false;
    producer.during = During.gone;
    producer.seat = index;
    this.goOn(this.here.refresh());
    return true;
  }

  die(): boolean {
    const { producer, seats, claims } = this.state;
    if (producer.at === At.dead) return false;
    producer.all.fill(0);
    producer.at = At.dead;
    claims.fill(0);
    for (const seat of seats) {
      seat.record.all.fill(0);
      seat.queuedSlots.fill(0);
      seat.ghost.taken = 0;
      seat.ghost.passed = 0;
    }
    return true;
  }

  // ---------------------------------------------------------------- verbs

  private get seat(): Seat {
    return this.state.seats[this.state.producer.seat] as Seat;
  }

  private begin(): void {
    const { producer } = this.state;
    if (producer.writing !== 0) this.lookAtAll(During.post);
    else if (producer.posted < this.rules.posts) this.lookAtAll(During.acquire);
    else if (this.rules.drains) this.lookAtAll(During.drain);
    else this.rest(At.done);
  }

  private lookAtAll(during: number): void {
    this.state.producer.during = during;
    this.state.producer.blocked = 0;
    this.lookAtNext(0);
  }

  private rest(at: number): void {
    const { producer } = this.state;
    producer.at = at;
    producer.during = 0;
    producer.seat = 0;
    producer.blocked = 0;
  }

  /** The first connected seat from this one on; past the last one the verb goes on. */
  private lookAtNext(from: number): void {
    const { producer, seats } = this.state;
    const next = seats.findIndex(({ link }, index) => index >= from && link.connected === 1);
    producer.seat = Math.max(next, 0);
    if (next < 0) this.lookedAtAll();
    else if (producer.during === During.drain || producer.during === During.ask) this.goOn(this.here.ask());
    else this.goOn(this.here.refresh());
  }

  private lookedAtAll(): void {
    const { producer, seats } = this.state;
    if (seats.every(({ link }) => link.connected === 0)) this.rest(At.done);
    else if (producer.during === During.acquire || producer.during === During.acquireAgain) this.acquire();
    else if (producer.during === During.ask) this.lookAtAll(During.acquireAgain);
    else if (producer.during === During.post) this.makePlace(0);
    else this.rest(producer.blocked === 1 ? At.asleep : At.done);
  }

  private findFree(): number {
    const { producer, claims } = this.state;
    const free = [...claims.keys()].filter((slot) => claims[slot] === 0);
    return free.find((slot) => slot + 1 !== producer.lastSlot) ?? free[0] ?? -1;
  }

  private acquire(): void {
    const { producer, contents } = this.state;
    const slot = this.findFree();
    if (slot < 0) {
      const asked = producer.during === During.acquireAgain;
      if (asked) this.rest(At.asleep);
      else this.lookAtAll(During.ask);
      return;
    }
    producer.writing = slot + 1;
    if (producer.lastSlot === slot + 1) producer.lastSlot = 0;
    contents[slot] = 0;
    this.rest(At.idle);
  }

  private makePlace(from: number): void {
    const { producer, seats } = this.state;
    for (let index = from; index < seats.length && this.rules.mode.whenFull === "wait"; index++) {
      const seat = seats[index] as Seat;
      if (seat.link.connected === 0 || this.hasPlace(seat)) continue;
      producer.seat = index;
      // Only the first that lacks a place is asked.
      if (producer.blocked === 0) {
        producer.during = During.place;
        this.goOn(this.here.ask());
        return;
      }
    }
    if (producer.blocked === 1) this.rest(At.asleep);
    else this.post();
  }

  private hasPlace({ record }: Seat): boolean {
    const { capacity } = this.rules.mode;
    return record.head - record.tail < capacity;
  }

  private post(): void {
    const { producer, contents } = this.state;
    producer.posted++;
    contents[producer.writing - 1] = producer.posted;
    producer.lastSlot = producer.writing;
    this.deliverFrom(0);
  }

  private deliverFrom(from: number): void {
    const { producer, seats } = this.state;
    const next = seats.findIndex(({ link }, index) => index >= from && link.connected === 1);
    if (next < 0) {
      producer.writing = 0;
      this.rest(At.idle);
      return;
    }
    producer.seat = next;
    if (this.hasPlace(this.seat)) this.push();
    else {
      producer.during = During.overwrite;
      this.goOn(this.here.refresh());
    }
  }

  private push(): void {
    this.state.producer.during = During.push;
    this.goOn(this.here.push());
  }

  /** What comes after something at one seat is complete. */
  private goOn(complete: boolean): void {
    const { producer } = this.state;
    if (!complete) return;
    switch (producer.during) {
      case During.overwrite:
        this.push();
        return;
      case During.push:
        this.deliverFrom(producer.seat + 1);
        return;
      case During.place:
        if (!this.hasPlace(this.seat)) producer.blocked = 1;
        this.makePlace(producer.seat + 1);
        return;
      case During.gone:
        producer.during = During.discard;
        this.goOn(this.here.refresh());
        return;
      case During.discard:
        this.abandon();
        return;
      case During.drain:
        if (this.seat.record.head !== this.seat.record.tail) producer.blocked = 1;
        break;
    }
    this.lookAtNext(producer.seat + 1);
  }

  private abandon(): void {
    const { seat } = this;
    if (seat.ghost.taken !== 0 || seat.ghost.passed !== 0) throw new Violation("every frame is counted");
    if (seat.record.held !== 0) this.here.unclaim(slotOf(seat.record.held - 1));
    for (const part of [seat.page.all, seat.link.all, seat.record.all, seat.words, seat.ring, seat.queuedSlots]) {
      part.fill(0);
    }
    this.rest(At.idle);
  }
}
