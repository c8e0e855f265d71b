/** One state of the model: everything the parties share and remember, a byte each, so that states compare as bytes. */
import { type Rules, ringSize } from "./rules.ts";

/** States of an ownership word, as in native/core/protocol.hpp. */
export const SlotState = { free: 0, queued: 1, held: 2, skipped: 3, yielding: 4 } as const;

export const packWord = (position: number, state: number): number => (position << 3) | state;
export const packEntry = (position: number, slot: number): number => (position << 3) | slot;
/** Positions that are not counted yet lie close together. */
export const ghostBit = (position: number): number => 1 << (position & 7);
export const positionOf = (packed: number): number => packed >> 3;
export const slotOf = (entry: number): number => entry & 7;

/** `writing` and `lastSlot` are slots plus one; `blocked`: a queue has no place; `signal`: one is in a socket. */
const producerFields = ["at", "during", "seat", "writing", "lastSlot", "posted", "blocked", "signal"] as const;

const pageFields = ["head", "newest", "consumerWaiting", "producerWaiting"] as const;
/** What the kernel has between the two: a wake-up, and whether the producer serves the connection. */
const linkFields = ["wake", "connected"] as const;
/** ProducerSeat. With one credit the list of held frames is one ring entry plus one. */
const recordFields = ["head", "tail", "held"] as const;
/**
 * ConsumerSeat and Consumer. `lease` and `earlier` are ring entries plus one; `sleeps` says where a release goes back
 * to; `releasesLate` belongs to a mutation.
 */
const consumerFields = [
  "at",
  "tail",
  "head",
  "step",
  "candidate",
  "slot",
  "secondLook",
  "ended",
  "sleeps",
  "lease",
  "earlier",
  "releasesLate",
] as const;
/** For the properties alone: bits of the positions (mod 8) that the consumer took or passed over, not yet counted. */
const ghostFields = ["taken", "passed"] as const;

/** Named bytes; `all` to forget them at once. */
type Fields<Names extends readonly string[]> = Record<Names[number], number> & { readonly all: Uint8Array };

/** Hands out parts of one buffer, in order. */
class Layout {
  private size = 0;
  private readonly memory: Uint8Array;

  constructor(memory: Uint8Array) {
    this.memory = memory;
  }

  bytes(length: number): Uint8Array {
    const start = this.size;
    this.size += length;
    return this.memory.subarray(start, this.size);
  }

  fields<Names extends readonly string[]>(names: Names): Fields<Names> {
    const all = this.bytes(names.length);
    const fields = { all };
    for (const [index, name] of names.entries()) {
      Object.defineProperty(fields, name, {
        get: () => all[index],
        set: (value: number) => {
          all[index] = value;
        },
      });
    }
    return fields as Fields<Names>;
  }

  get length(): number {
    return this.size;
  }
}

/** One consumer's place: the page, the link beside it, and what either end remembers. */
export class Seat {
  readonly page: Fields<typeof pageFields>;
  readonly words: Uint8Array;
  readonly ring: Uint8Array;
  readonly link: Fields<typeof linkFields>;
  readonly record: Fields<typeof recordFields>;
  /** The producer's own note of which slot it queued where. */
  readonly queuedSlots: Uint8Array;
  readonly consumer: Fields<typeof consumerFields>;
  readonly ghost: Fields<typeof ghostFields>;

  constructor(layout: Layout, rules: Rules) {
    this.page = layout.fields(pageFields);
    this.words = layout.bytes(rules.slots);
    this.ring = layout.bytes(ringSize);
    this.link = layout.fields(linkFields);
    this.record = layout.fields(recordFields);
    this.queuedSlots = layout.bytes(ringSize);
    this.consumer = layout.fields(consumerFields);
    this.ghost = layout.fields(ghostFields);
    this.link.connected = 1;
  }

  word(slot: number): number {
    return this.words[slot] as number;
  }

  entry(position: number): number {
    return this.ring[position % ringSize] as number;
  }

  slotAt(position: number): number {
    return this.queuedSlots[position % ringSize] as number;
  }

  /** Compare-and-swap on a word. */
  swap(slot: number, expected: number, desired: number): boolean {
    if (this.words[slot] !== expected) return false;
    this.words[slot] = desired;
    return true;
  }
}

export class State {
  /** All of it, padded to whole 32-bit words. */
  readonly memory: Int32Array;
  readonly producer: Fields<typeof producerFields>;
  /** Per slot: the number of the frame whose pixels are in it; 0 while it is written. */
  readonly contents: Uint8Array;
  /** Per slot: how many seats claim it, as the producer counts. */
  readonly claims: Uint8Array;
  readonly seats: readonly Seat[];

  constructor(rules: Rules) {
    const bytes = new Uint8Array(256);
    const layout = new Layout(bytes);
    this.producer = layout.fields(producerFields);
    this.contents = layout.bytes(rules.slots);
    this.claims = layout.bytes(rules.slots);
    this.seats = Array.from({ length: rules.consumers }, () => new Seat(layout, rules));
    this.memory = new Int32Array(bytes.buffer, 0, Math.ceil(layout.length / 4));
  }
}

/** A property of docs/model.md that does not hold. */
export class Violation extends Error {}
