/** Takes every wanted measurement once per round; again while others use the machine and the round's time lasts. */
import { contenderOf, order } from "./contenders.mjs";
import { quietBelow, waitForQuiet, watchOthers } from "./machine.mjs";

/** A measurement that failed this often is not tried again: one that hangs takes half a minute each time. */
const failuresMax = 2;

/** Measures once; again while others use the machine and there is time for it. Keeps the quietest try. */
async function measureQuietly(measure, setting) {
  let best;
  do {
    if (best !== undefined) await waitForQuiet(setting.retryUntil);
    const others = watchOthers();
    const result = await measure(setting);
    const share = others();
    if (best === undefined || share < best.others) best = { ...result, others: share };
  } while (best.others > quietBelow && performance.now() < setting.retryUntil);
  return best;
}

/** The rounds of one run. */
export class Rounds {
  /** One object per round: measurement -> report. */
  taken = [];
  /** measurement -> why there is no figure. */
  problems = new Map();
  #failures = new Map();
  #names;
  #form;
  #onStart;
  #began = performance.now();
  #longestMs = 0;

  /**
   * @param {Set<string>} wanted  measurements
   * @param {Map<string, string>} missing  contender -> why it cannot be measured
   * @param {(text: string) => void} onStart  told before each measurement
   */
  constructor(wanted, missing, form, onStart) {
    const reasonOf = (name) => missing.get(contenderOf(name).name);
    this.#names = order.filter((name) => wanted.has(name) && reasonOf(name) === undefined);
    for (const name of wanted) {
      if (reasonOf(name) !== undefined) this.problems.set(name, reasonOf(name));
    }
    this.#form = form;
    this.#onStart = onStart;
  }

  /** All of them, as far as there is time. */
  async take(setting) {
    while (this.#names.length > 0 && this.taken.length < this.#form.rounds && this.#thereIsTime()) {
      const start = performance.now();
      const share = this.#began + this.#form.roundMs * (this.taken.length + 1);
      this.taken.push(await this.#takeOne({ ...setting, retryUntil: this.#form.roundMs > 0 ? share : 0 }));
      this.#longestMs = Math.max(this.#longestMs, performance.now() - start);
    }
  }

  #thereIsTime() {
    const spentMs = performance.now() - this.#began;
    return this.taken.length === 0 || spentMs + this.#longestMs <= this.#form.totalMs;
  }

  async #takeOne(setting) {
    const round = {};
    for (const name of this.#names) {
      if ((this.#failures.get(name) ?? 0) >= failuresMax) continue;
      this.#onStart(`round ${this.taken.length + 1} of ${this.#form.rounds}: ${name}`);
      try {
        round[name] = await measureQuietly(contenderOf(name).measurements[name], setting);
      } catch (error) {
        this.#failures.set(name, (this.#failures.get(name) ?? 0) + 1);
        this.problems.set(name, error.message);
        this.#onStart(`  ${name} failed: ${error.message}`);
      }
    }
    return round;
  }
}

/** The largest share of the machine that others used during a measurement of the round. */
export function disturbance(round) {
  return Math.max(0, ...Object.values(round).map(({ others }) => others));
}
