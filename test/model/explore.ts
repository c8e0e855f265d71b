/** Every state that the moves reach, breadth first. States are kept whole, so two that hash alike are still two. */
import { Model } from "./model.ts";
import type { Rules } from "./rules.ts";
import { Violation } from "./state.ts";

export interface Exploration {
  states: number;
  transitions: number;
  /** States from which nothing moves any more. */
  ends: number;
  /** The first property that did not hold, and the shortest way there. */
  violation?: { property: string; path: string[] };
}

const chunkStates = 1 << 14;
const noMove = 255;

/** States by the order in which they were found, and the index of each. */
class StateSet {
  size = 0;
  private readonly words: number;
  private readonly chunks: Int32Array[] = [];
  private table = new Int32Array(1 << 16); // index + 1

  constructor(words: number) {
    this.words = words;
  }

  copy(index: number, to: Int32Array): void {
    const chunk = this.chunks[Math.floor(index / chunkStates)] as Int32Array;
    const start = (index % chunkStates) * this.words;
    for (let word = 0; word < this.words; word++) to[word] = chunk[start + word] as number;
  }

  /** false: it is known. */
  add(state: Int32Array): boolean {
    if (this.size * 2 > this.table.length) this.grow();
    const mask = this.table.length - 1;
    let place = hash(state, 0, this.words) & mask;
    for (; this.table[place] !== 0; place = (place + 1) & mask) {
      if (this.equals((this.table[place] as number) - 1, state)) return false;
    }
    const start = (this.size % chunkStates) * this.words;
    if (start === 0) this.chunks.push(new Int32Array(chunkStates * this.words));
    (this.chunks.at(-1) as Int32Array).set(state, start);
    this.table[place] = ++this.size;
    return true;
  }

  private equals(index: number, state: Int32Array): boolean {
    const chunk = this.chunks[Math.floor(index / chunkStates)] as Int32Array;
    const start = (index % chunkStates) * this.words;
    for (let word = 0; word < this.words; word++) if (chunk[start + word] !== state[word]) return false;
    return true;
  }

  private grow(): void {
    const table = new Int32Array(this.table.length * 4);
    const mask = table.length - 1;
    for (let index = 0; index < this.size; index++) {
      const chunk = this.chunks[Math.floor(index / chunkStates)] as Int32Array;
      let place = hash(chunk, (index % chunkStates) * this.words, this.words) & mask;
      while (table[place] !== 0) place = (place + 1) & mask;
      table[place] = index + 1;
    }
    this.table = table;
  }
}

/** FNV-1a over words, its bits mixed at the end. */
function hash(memory: Int32Array, start: number, words: number): number {
  let value = 0x811c9dc5;
  for (let word = 0; word < words; word++) {
    value = Math.imul(value ^ (memory[start + word] as number), 0x01000193);
    value ^= value >>> 15;
  }
  value = Math.imul(value ^ (value >>> 16), 0x21f0aaad);
  return value ^ (value >>> 15);
}

/** How each state was reached first: from which, by which move. */
class Origins {
  private parents = new Int32Array(1 << 16);
  private moves = new Uint8Array(1 << 16);

  set(index: number, parent: number, move: number): void {
    if (index === this.parents.length) {
      const { parents, moves } = this;
      this.parents = new Int32Array(index * 2);
      this.parents.set(parents);
      this.moves = new Uint8Array(index * 2);
      this.moves.set(moves);
    }
    this.parents[index] = parent;
    this.moves[index] = move;
  }

  /** The moves that lead to a state, first to last. */
  path(index: number): number[] {
    const path: number[] = [];
    for (let at = index; this.moves[at] !== noMove; at = this.parents[at] as number)
      path.push(this.moves[at] as number);
    return path.reverse();
  }
}

/** Stops at the first violation, or once `maxStates` are known: then it throws, for the rest would be unproven. */
export function explore(rules: Rules, maxStates = 20_000_000): Exploration {
  const model = new Model(rules);
  const { moves, state } = model;
  const set = new StateSet(state.memory.length);
  const origins = new Origins();
  const result: Exploration = { states: 1, transitions: 0, ends: 0 };
  set.add(state.memory);
  origins.set(0, 0, noMove);
  let index = 0;
  let last = noMove;
  try {
    for (; index < set.size; index++) {
      let goesOn = false;
      let mover = 0;
      set.copy(index, state.memory);
      const inTurn = model.producer.finished;
      for (const [number, move] of moves.entries()) {
        // Consumers share nothing with each other: without a producer it is enough to let one go after the other.
        if (inTurn && goesOn && move.party !== mover) break;
        last = number;
        if (!move.make()) continue;
        result.transitions++;
        goesOn ||= !move.isDeath;
        mover = move.party;
        if (set.add(state.memory)) {
          origins.set(set.size - 1, index, number);
          model.checkState();
        }
        set.copy(index, state.memory);
      }
      last = noMove;
      if (!goesOn) {
        result.ends++;
        model.checkEnd();
      }
      if (set.size > maxStates) throw new Error(`more than ${maxStates} states`);
    }
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    const path = last === noMove ? origins.path(index) : [...origins.path(index), last];
    result.violation = { property: error.message, path: path.map((number) => moves[number]?.name ?? "") };
  }
  result.states = set.size;
  return result;
}
