/** Takes every wanted measurement once per round; again while others use the machine and there is time for it. */
import { quietBelow, waitForQuiet, watchOthers } from "./machine.mjs";
import { contenderOf } from "./suite.mjs";

/** A measurement that failed this often is not tried again: one that hangs takes half a minute each time. */
const failuresMax = 2;

/** The rounds of one run. */
export class Rounds {
  /** One object per pass: measurement -> report. A round is one pass of everything and some more of what drifts. */
  taken = [];
  /** measurement -> why there is no figure. */
  problems = new Map();
  /** For each round the largest share of the machine that others used during a measurement. */
  disturbances = [];
  #failures = new Map();
  #suite;
  #names;
  #form;
  #onStart;
  #began = performance.now();
  #longestMs = 0;
  /** For so long what others disturb is measured again, in this round. */
  #retryLeftMs = 0;

  /**
   * @param {import("./suite.mjs").Suite} suite
   * @param {Set<string>} wanted  measurements
   * @param {Map<string, string>} missing  contender -> why it cannot be measured
   * @param {(text: string) => void} onStart  told before each measurement
   */
  constructor(suite, wanted, missing, form, onStart) {
    const reasonOf = (name) => missing.get(contenderOf(suite, name).name);
    this.#suite = suite;
    this.#names = suite.order.filter((name) => wanted.has(name) && reasonOf(name) === undefined);
    for (const name of wanted) {
      if (reasonOf(name) !== undefined) this.problems.set(name, reasonOf(name));
    }
    this.#form = form;
    this.#onStart = onStart;
  }

  /** All of them, as far as there is time. */
  async take(setting) {
    while (this.#names.length > 0 && this.disturbances.length < this.#form.rounds && this.#thereIsTime()) {
      const start = performance.now();
      this.disturbances.push(0);
      this.#retryLeftMs = this.#form.retryMs;
      for (let pass = 0, names = this.#names; names.length > 0; pass++) {
        this.taken.push(await this.#pass(names, setting));
        names = this.#form.repeats ? names.filter((name) => this.#suite.passesOf(name) > pass + 1) : [];
      }
      this.#longestMs = Math.max(this.#longestMs, performance.now() - start);
    }
  }

  #thereIsTime() {
    const spentMs = performance.now() - this.#began;
    return this.taken.length === 0 || spentMs + this.#longestMs <= this.#form.totalMs;
  }

  async #pass(names, setting) {
    const pass = {};
    for (const name of names) {
      if ((this.#failures.get(name) ?? 0) >= failuresMax) continue;
      this.#onStart(`round ${this.disturbances.length} of ${this.#form.rounds}: ${name}`);
      try {
        pass[name] = await this.#measureQuietly(contenderOf(this.#suite, name).measurements[name], setting);
      } catch (error) {
        this.#failures.set(name, (this.#failures.get(name) ?? 0) + 1);
        this.problems.set(name, error.message);
        this.#onStart(`  ${name} failed: ${error.message}`);
      }
    }
    return pass;
  }

  /** Measures once; again while others use the machine and there is time for it. Keeps the quietest try. */
  async #measureQuietly(measure, setting) {
    const once = async () => {
      const others = watchOthers();
      const result = await measure(setting);
      return { ...result, others: others() };
    };
    let best = await once();
    const start = performance.now();
    const until = start + this.#retryLeftMs;
    while (best.others > quietBelow && performance.now() < until) {
      await waitForQuiet(until);
      const next = await once();
      if (next.others < best.others) best = next;
    }
    this.#retryLeftMs = Math.max(0, until - performance.now());
    this.disturbances.push(Math.max(best.others, this.disturbances.pop()));
    return best;
  }
}
