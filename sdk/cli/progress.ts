/** What a running command says about itself: a line per second for a person, a line per ten seconds for a log. */

export interface ProgressSnapshot {
  frames: bigint;
  consumers: number;
  /** Frames that some connection did not get, all connections together. */
  dropped: bigint;
}

export interface ProgressOptions<Snapshot extends { frames: bigint }> {
  name: string;
  read: () => Snapshot;
  /** What a line says after frames and rate. */
  details: (snapshot: Snapshot) => readonly string[];
  /** undefined: nothing is written. */
  stream: { isTTY?: boolean | undefined; write(text: string): unknown } | undefined;
  /** Called at every line, also without a stream. */
  onTick?: ((snapshot: Snapshot, framesPerSecond: number) => void) | undefined;
  intervalMs?: number | undefined;
}

const terminalIntervalMs = 1000;
const logIntervalMs = 10_000;

export class Progress<Snapshot extends { frames: bigint } = ProgressSnapshot> {
  readonly #options: ProgressOptions<Snapshot>;
  #startedAt = process.hrtime.bigint();
  readonly #timer: NodeJS.Timeout;
  #previous: { at: bigint; frames: bigint };
  #lineOpen = false;

  constructor(options: ProgressOptions<Snapshot>) {
    this.#options = options;
    this.#previous = { at: this.#startedAt, frames: options.read().frames };
    const usual = options.stream?.isTTY ? terminalIntervalMs : logIntervalMs;
    this.#timer = setInterval(() => this.#tick(), options.intervalMs ?? usual);
    this.#timer.unref();
  }

  get seconds(): number {
    return Number(process.hrtime.bigint() - this.#startedAt) / 1e9;
  }

  /** The first frame comes now: what was waited for before does not count. */
  begin(): void {
    this.#startedAt = process.hrtime.bigint();
    this.#previous = { at: this.#startedAt, frames: this.#options.read().frames };
  }

  /** Writes a sentence between the lines. */
  say(text: string): void {
    this.#options.stream?.write(`${this.#lineOpen ? "\n" : ""}${this.#options.name}: ${text}\n`);
    this.#lineOpen = false;
  }

  /** No more lines. Idempotent. */
  dispose(): void {
    clearInterval(this.#timer);
    if (this.#lineOpen) this.#options.stream?.write("\n");
    this.#lineOpen = false;
  }

  /** The last line: the whole run. */
  stop(): void {
    const snapshot = this.#options.read();
    const rate = Number(snapshot.frames) / Math.max(this.seconds, 1e-3);
    this.#writeLine(snapshot, rate);
    this.dispose();
  }

  #tick(): void {
    const now = process.hrtime.bigint();
    const snapshot = this.#options.read();
    const elapsed = Number(now - this.#previous.at) / 1e9;
    const rate = Number(snapshot.frames - this.#previous.frames) / Math.max(elapsed, 1e-3);
    this.#previous = { at: now, frames: snapshot.frames };
    this.#writeLine(snapshot, rate);
    this.#options.onTick?.(snapshot, rate);
  }

  #writeLine(snapshot: Snapshot, rate: number): void {
    const { name, details } = this.#options;
    this.#write(progressLine(name, this.seconds, snapshot.frames, rate, details(snapshot)));
  }

  /** On a terminal the line is written over the one before. */
  #write(line: string): void {
    const stream = this.#options.stream;
    if (!stream) return;
    if (stream.isTTY) stream.write(`\r\u001b[K${line}`);
    else stream.write(`${line}\n`);
    this.#lineOpen = stream.isTTY === true;
  }
}

export function progressLine(
  name: string,
  seconds: number,
  frames: bigint,
  rate: number,
  details: readonly string[],
): string {
  const start = `${name}: ${seconds.toFixed(1)} s`;
  return [start, `${frames} frames`, `${rate.toFixed(1)} fps`, ...details].join("  ");
}

/** What matters to a producer. */
export function consumerDetails(snapshot: ProgressSnapshot): string[] {
  const consumers = `${snapshot.consumers} ${snapshot.consumers === 1 ? "consumer" : "consumers"}`;
  return [consumers, `${snapshot.dropped} dropped`];
}
