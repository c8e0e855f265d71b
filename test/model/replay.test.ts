/** The model and the core agree: the same calls, drawn at random, have the same answers and counters at both. */
import { describe, expect, test } from "vitest";
import { Dice } from "../programs/dice.ts";
import { type Answer, ModelStream } from "./calls.ts";
import { CoreStream } from "./core.ts";
import { broadcast, fifo, type Mode, mailbox, newestOfTwo, tight } from "./rules.ts";

const traces = 60; // of each mode
const calls = 80; // of each trace
const posts = 30; // the model has no more
const consumers = 2;

type Verb = "post" | "acquire" | "release" | "leave";

/** How often each answer was seen; a replay in which some never come proves little. */
type Seen = Record<"posted" | "blocked" | "acquired" | "exchanged" | "nothing" | "released" | "left", number>;

const nothingSeen = (): Seen => ({
  ...{ posted: 0, blocked: 0, acquired: 0, exchanged: 0, nothing: 0, released: 0, left: 0 },
});

class Replay {
  private readonly dice: Dice;
  private readonly model: ModelStream;
  private readonly core: CoreStream;
  private readonly present = new Set(Array.from({ length: consumers }, (_, index) => index));
  private readonly seen: Seen;
  private readonly history: string[] = [];
  private posted = 0;

  constructor(dice: Dice, mode: Mode, core: CoreStream, seen: Seen) {
    this.dice = dice;
    this.core = core;
    this.seen = seen;
    this.model = new ModelStream({ mode, consumers, slots: core.slots, posts: 31, drains: false, deaths: false });
  }

  async run(): Promise<void> {
    for (let call = 0; call < calls && this.posted < posts; call++) {
      const index = this.dice.pick([...this.present]);
      const verb = this.dice.pick(this.possible(index));
      this.history.push(verb === "post" ? verb : `${verb} ${index + 1}`);
      await this.call(verb, index);
      const counters = (side: ModelStream | CoreStream) => [...this.present].map((at) => side.counters(at));
      expect(counters(this.core), this.told()).toEqual(counters(this.model));
    }
  }

  private possible(index: number): Verb[] {
    const verbs: Verb[] = ["post", "post", "acquire"];
    if (this.model.holds(index)) verbs.push("release");
    if (this.present.size > 1 && this.dice.roll(40) === 0) verbs.push("leave");
    return verbs;
  }

  private async call(verb: Verb, index: number): Promise<void> {
    if (verb === "post") {
      const { number } = this.agreed(this.core.post(), this.model.post());
      this.seen[number === undefined ? "blocked" : "posted"]++;
      this.posted = number ?? this.posted;
    } else if (verb === "acquire") {
      const held = this.model.holds(index);
      const { number } = this.agreed(this.core.acquire(index), this.model.acquire(index));
      if (number === undefined) this.seen.nothing++;
      else this.seen[held ? "exchanged" : "acquired"]++;
    } else if (verb === "release") {
      this.core.release(index);
      this.model.release(index);
      this.seen.released++;
    } else {
      await this.core.leave(index);
      this.model.leave(index);
      this.present.delete(index);
      this.seen.left++;
    }
  }

  private agreed(core: Answer, model: Answer): Answer {
    expect(core, this.told()).toEqual(model);
    return core;
  }

  private told(): string {
    return `seed ${this.dice.seed}: ${this.history.join(", ")}`;
  }
}

describe("the core answers as the model", () => {
  const modes = [mailbox, fifo, { ...tight(fifo), name: "fifo of one" }, broadcast, newestOfTwo];

  test.each(modes)("in $name", async (mode) => {
    const seen = nothingSeen();
    const first = new Dice().seed;
    for (let trace = 0; trace < traces; trace++) {
      const core = await CoreStream.open(mode, consumers);
      await new Replay(new Dice(first + trace), mode, core, seen).run();
      core.close();
    }
    console.log(`${mode.name}: ${JSON.stringify(seen)}`);
    if (mode.whenFull === "overwrite") expect(seen.blocked).toBe(0);
    else expect(seen.blocked).toBeGreaterThan(0);
    for (const [answer, count] of Object.entries(seen))
      if (answer !== "blocked") expect(count, answer).toBeGreaterThan(0);
  });

  test("and a model of another queue is found out", async () => {
    const core = await CoreStream.open(fifo, consumers);
    await expect(new Replay(new Dice(), tight(fifo), core, nothingSeen()).run()).rejects.toThrow("seed");
    core.close();
  });
});
