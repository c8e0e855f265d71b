/** The parties on one state, and every move that there may be. */
import { Consumer } from "./consumer.ts";
import { Producer } from "./producer.ts";
import { checkEnd, checkState, type Parties } from "./properties.ts";
import type { Rules } from "./rules.ts";
import { State } from "./state.ts";

interface Move {
  name: string;
  /** 0: the producer; else that consumer. */
  party: number;
  /** A death is never needed for things to go on. */
  isDeath: boolean;
  /** false: not possible now, and nothing was changed. */
  make: () => boolean;
}

export class Model implements Parties {
  readonly rules: Rules;
  readonly state: State;
  readonly producer: Producer;
  readonly consumers: readonly Consumer[];
  readonly moves: readonly Move[];

  constructor(rules: Rules) {
    this.rules = rules;
    this.state = new State(rules);
    this.producer = new Producer(rules, this.state);
    this.consumers = this.state.seats.map((_, index) => new Consumer(rules, this.state, index));
    this.moves = [...this.producerMoves(), ...this.consumers.flatMap((_, index) => this.consumerMoves(index))];
  }

  checkState(): void {
    checkState(this);
  }

  checkEnd(): void {
    checkEnd(this);
  }

  private producerMoves(): Move[] {
    const move = { name: "producer", party: 0, isDeath: false, make: () => this.producer.step() };
    const death = { name: "producer dies", party: 0, isDeath: true, make: () => this.producer.die() };
    return this.rules.deaths ? [move, death] : [move];
  }

  private consumerMoves(index: number): Move[] {
    const { producer, rules } = this;
    const consumer = this.consumers[index] as Consumer;
    const name = `consumer ${index + 1}`;
    const tooEarly = rules.mutation === "producer frees the slots of a consumer that lives";
    const party = index + 1;
    const moves: Move[] = [
      { name, party, isDeath: false, make: () => consumer.step(producer.alive) },
      { name: `${name} releases`, party, isDeath: false, make: () => consumer.release() },
    ];
    if (!rules.deaths && !tooEarly) return moves;
    moves.push({
      name: `producer sees ${name} gone`,
      party: 0,
      isDeath: false,
      make: () => (!consumer.alive || tooEarly) && producer.finish(index),
    });
    // Once the producer is finished nobody is left to notice.
    const die = () => !producer.finished && consumer.die();
    if (rules.deaths) moves.push({ name: `${name} dies`, party, isDeath: true, make: die });
    return moves;
  }
}
