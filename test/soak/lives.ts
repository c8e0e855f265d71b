/** What becomes of the soak's consumers: each joins, reads for a while in some mode, and goes in some way. */
import { setTimeout as sleep } from "node:timers/promises";
import { asReport, type SinkOrder, type SinkReport, startSink } from "../integration/crowd.ts";
import type { Child } from "../programs/child.ts";
import type { Dice } from "../programs/dice.ts";

const orders: readonly SinkOrder[] = [
  { consumer: { mode: "mailbox" } },
  { consumer: { mode: "mailbox" }, sleepMs: 40 },
  { consumer: { mode: "fifo", fifoLength: 8 } },
  { consumer: { mode: "fifo", fifoLength: 32, maxHeld: 3 }, hold: 2 },
  { consumer: { mode: "broadcast", capacity: 6 } },
  { consumer: { mode: "broadcast", capacity: 6, maxHeld: 2 }, sleepMs: 25 },
];
const fates = ["leaves", "leaves", "is killed", "is stopped for a while, then killed"] as const;
/** One that was stopped in a full fifo is evicted, and one that joins while the producer is busy may be late. */
const regularEnds = new Set(["ended", "ERR_EVICTED"]);

export interface Toll {
  lives: number;
  left: number;
  killed: number;
  stopped: number;
  evicted: number;
  frames: number;
  torn: number;
}

function count(toll: Toll, report: SinkReport): void {
  if (!regularEnds.has(report.end)) throw new Error(`a consumer ended with ${report.end}, cause ${report.cause}`);
  toll.frames += report.frames;
  toll.torn += report.torn + report.misnumbered;
  if (report.unaccounted !== 0) throw new Error(`a consumer does not know what became of ${report.unaccounted} frames`);
  if (report.end === "ERR_EVICTED") toll.evicted++;
}

export class Lives {
  readonly toll: Toll = { lives: 0, left: 0, killed: 0, stopped: 0, evicted: 0, frames: 0, torn: 0 };
  readonly #name: string;
  readonly #runtimeDir: string;
  readonly #dice: Dice;
  #goesOn = true;

  constructor(name: string, runtimeDir: string, dice: Dice) {
    this.#name = name;
    this.#runtimeDir = runtimeDir;
    this.#dice = dice;
  }

  /** One seat: whoever goes is followed by another one. */
  async seat(longestMs: number): Promise<void> {
    while (this.#goesOn) await this.#live(longestMs);
  }

  end(): void {
    this.#goesOn = false;
  }

  async #live(longestMs: number): Promise<void> {
    const fate = this.#dice.pick(fates);
    const frames = fate === "leaves" ? 1 + this.#dice.roll(longestMs / 20) : 0;
    const sink = startSink(this.#name, this.#runtimeDir, { ...this.#dice.pick(orders), count: frames });
    this.toll.lives++;
    const report = sink.line("done");
    if (fate === "leaves") {
      await report;
      this.toll.left++;
    } else {
      await Promise.race([sleep(this.#dice.roll(longestMs)), report.catch(() => {})]);
      await this.#end(sink, fate === "is killed" ? 0 : 300 + this.#dice.roll(1500));
    }
    await this.#account(report);
    await sink.exit;
  }

  async #end(sink: Child, stoppedMs: number): Promise<void> {
    if (stoppedMs > 0) {
      sink.kill("SIGSTOP");
      await sleep(stoppedMs);
      sink.kill("SIGCONT");
      this.toll.stopped++;
      await sleep(this.#dice.roll(500));
    }
    sink.kill();
    this.toll.killed++;
  }

  /** A killed one says nothing, as a rule. */
  async #account(report: ReturnType<Child["line"]>): Promise<void> {
    const line = await report.catch(() => undefined);
    if (line === undefined) return;
    count(this.toll, asReport(line));
  }
}
