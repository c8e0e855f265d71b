/** What must hold in every state, and in those where nothing moves any more. docs/model.md says why each. */
import { type Consumer, At as ConsumerAt, frameWaits } from "./consumer.ts";
import type { Producer } from "./producer.ts";
import { At as ProducerAt } from "./producer-seat.ts";
import type { Rules } from "./rules.ts";
import { packWord, positionOf, type Seat, SlotState, type State, slotOf, Violation } from "./state.ts";

export interface Parties {
  rules: Rules;
  state: State;
  producer: Producer;
  consumers: readonly Consumer[];
}

export function checkState(parties: Parties): void {
  heldFramesStandStill(parties.state);
  writtenSlotIsNobodyElses(parties.state);
  if (parties.producer.alive) {
    claimsAreThoseOfTheSeats(parties.state);
    noWakeUpIsLost(parties);
    noSignalIsLost(parties);
    whoOverwritesNeverWaits(parties);
  }
}

/** The pixels of a frame that somebody holds are those of that frame. */
function heldFramesStandStill({ seats, contents }: State): void {
  for (const { consumer } of seats) {
    if (consumer.lease === 0) continue;
    const entry = consumer.lease - 1;
    if (contents[slotOf(entry)] !== positionOf(entry) + 1) throw new Violation("a held frame is not written");
  }
}

function writtenSlotIsNobodyElses({ producer, seats, contents }: State): void {
  const slot = producer.writing - 1;
  if (slot < 0 || contents[slot] !== 0) return;
  for (const seat of seats) {
    const state = seat.word(slot) & 7;
    if (state !== SlotState.free && state !== SlotState.skipped) throw new Violation("a slot has one owner");
  }
}

function claimsAreThoseOfTheSeats({ seats, claims }: State): void {
  for (const [slot, claimed] of claims.entries()) {
    let count = 0;
    for (const seat of seats) {
      const claimsHere = claimsOf(seat, slot);
      if (claimsHere > 1) throw new Violation("a slot has one owner");
      count += claimsHere;
    }
    if (claimed !== count) throw new Violation("a slot is claimed by those that have it");
  }
}

function claimsOf(seat: Seat, slot: number): number {
  const { record } = seat;
  let count = record.held !== 0 && slotOf(record.held - 1) === slot ? 1 : 0;
  for (let position = record.tail; position < record.head; position++) count += Number(seat.slotAt(position) === slot);
  return count;
}

/** A consumer that sleeps while a frame waits is about to be woken. */
function noWakeUpIsLost({ state, producer }: Parties): void {
  for (const [index, seat] of state.seats.entries()) {
    if (seat.consumer.at !== ConsumerAt.asleep || seat.link.wake === 1 || !frameWaits(seat)) continue;
    if (!producer.willWake(index)) throw new Violation("no wake-up is lost");
  }
}

/** A producer that sleeps while it could go on is about to be signalled. */
function noSignalIsLost(parties: Parties): void {
  const { state, consumers } = parties;
  if (state.producer.at !== ProducerAt.asleep || state.producer.signal === 1 || !couldGoOn(parties)) return;
  const underWay = state.seats.some(({ link }, index) => {
    const consumer = consumers[index] as Consumer;
    return link.connected === 1 && (!consumer.alive || consumer.willLookForSignal);
  });
  if (!underWay) throw new Violation("no signal is lost");
}

function couldGoOn({ rules, state }: Parties): boolean {
  const { producer, seats } = state;
  const connected = seats.filter(({ link }) => link.connected === 1);
  if (producer.writing !== 0) return connected.every((seat) => placeIsFree(seat, rules.mode.capacity));
  if (producer.posted === rules.posts) return connected.every((seat) => countWaiting(seat) === 0);
  return [...state.claims.keys()].some((slot) => connected.every((seat) => !isInUse(seat, slot)));
}

/** With as many slots as admission sees to, a producer whose queues overwrite finds a free one at every time. */
function whoOverwritesNeverWaits({ rules, state }: Parties): void {
  const { mode, slots, consumers, posts } = rules;
  const enough = 1 + mode.capacity + consumers;
  if (mode.whenFull === "wait" || slots < enough || state.producer.posted === posts) return;
  if (state.producer.at === ProducerAt.asleep) throw new Violation("who overwrites never waits");
}

/** Frames that its consumer can still take. */
export function countWaiting(seat: Seat): number {
  let count = 0;
  for (let position = seat.record.tail; position < seat.record.head; position++) {
    count += Number(seat.word(seat.slotAt(position)) === packWord(position, SlotState.queued));
  }
  return count;
}

function placeIsFree(seat: Seat, capacity: number): boolean {
  return countWaiting(seat) < capacity;
}

function isInUse(seat: Seat, slot: number): boolean {
  const state = seat.word(slot) & 7;
  return state !== SlotState.free && state !== SlotState.skipped;
}

/** Nothing moves any more unless somebody dies: everybody must be where it wanted to get. */
export function checkEnd({ rules, state, producer }: Parties): void {
  if (producer.alive && state.producer.at !== ProducerAt.done) throw new Violation("nothing deadlocks");
  for (const seat of state.seats) {
    if (seat.consumer.at === ConsumerAt.dead) continue;
    if (seat.consumer.at !== (producer.alive ? ConsumerAt.asleep : ConsumerAt.done)) {
      throw new Violation("nothing deadlocks");
    }
    if (frameWaits(seat)) throw new Violation("every frame is taken in the end");
    if (producer.alive && rules.drains && (seat.ghost.taken !== 0 || seat.ghost.passed !== 0)) {
      throw new Violation("every frame is counted");
    }
  }
}
