/** A lasting look at one stream: attached once, without a seat, and asked as often as one likes. */
import { EventKind, type NativeObserver, type NativeReport } from "../../native/binding.ts";
import { StreamError } from "../base/errors.ts";
import { type BindingHost, bindingHost } from "../binding-host.ts";
import { LatencyHistograms } from "../latency.ts";
import { codeOf } from "./failure.ts";

/** A producer that is alive answers from its event loop; one that is stopped or busy may not. */
export const answerMs = 1000;

export interface StreamPlace {
  name: string;
  directory: string;
  /** Path of the socket. */
  socket: string;
}

export interface StreamReport extends NativeReport {
  /** Monotonic ns of its arrival. */
  at: bigint;
}

/**
 * stale: nobody listens any more. denied: the socket's permissions say no. refused: somebody listens and sends us away,
 * as a stream does with its 129th observer, or is no stream. silent: no answer in time.
 */
export type StreamStatus = "alive" | "stale" | "denied" | "refused" | "silent";

/** A question that is not answered yet: about the stream (0), or about the latency of a connection. */
interface Question {
  about: bigint;
  askedAt: number;
}

export class StreamObserver implements Disposable {
  readonly #host: BindingHost;
  readonly #native: NativeObserver;
  readonly #listeners = new Set<() => void>();
  #report: StreamReport | undefined;
  #latency: { connection: bigint; latency: BigUint64Array } | undefined;
  /** One at a time: the core keeps the newest answer only. */
  #open: Question | undefined;
  #gone = false;
  #closed = false;

  /** Attaches. Throws what `statusOf` knows when it cannot. */
  constructor(place: StreamPlace) {
    this.#host = bindingHost();
    this.#native = this.#host.binding.openObserver(place.name, place.directory);
    this.#host.register(this.#native.id, {
      onWake: () => {},
      onEvent: (event) => {
        if (event.kind === EventKind.report) this.#read(event.connection);
      },
    });
    this.#host.loop.ref();
  }

  /**
   * The next answer. A question that is still open is not asked again, so that one who was stopped for an hour has one
   * to answer and not 3600. Throws ERR_CLOSED when the stream is gone, ERR_TIMEOUT without an answer in `timeoutMs`.
   */
  async ask(timeoutMs = answerMs): Promise<StreamReport> {
    await this.#question(0n, timeoutMs);
    if (!this.#report) throw noAnswer(timeoutMs);
    return this.#report;
  }

  /** How long the frames of one connection took in its whole life. All zero when it has ended. Throws as `ask`. */
  async askLatency(connection: bigint, timeoutMs = answerMs): Promise<LatencyHistograms> {
    await this.#question(connection, timeoutMs);
    if (this.#latency?.connection !== connection) throw noAnswer(timeoutMs);
    return new LatencyHistograms(this.#latency.latency);
  }

  /** How long the open question has waited; 0 when none is open. */
  get waitedMs(): number {
    return this.#open === undefined ? 0 : performance.now() - this.#open.askedAt;
  }

  /** Detaches. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#gone = true;
    this.#host.unregister(this.#native.id);
    this.#native.close();
    this.#host.loop.unref();
    this.#tell();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Resolves when it is answered; one that was left open before it is waited for first. */
  async #question(about: bigint, timeoutMs: number): Promise<void> {
    const until = performance.now() + timeoutMs;
    for (;;) {
      if (this.#gone) throw new StreamError("ERR_CLOSED", "the stream is gone");
      this.#open ??= this.#send(about);
      const asked = this.#open.about;
      await this.#answer(until - performance.now());
      if (this.#open && !this.#gone) throw noAnswer(timeoutMs);
      if (asked === about && !this.#gone) return;
    }
  }

  #send(about: bigint): Question {
    if (about === 0n) this.#native.query();
    else this.#native.queryLatency(about);
    return { about, askedAt: performance.now() };
  }

  #read(about: bigint): void {
    try {
      const report = this.#native.report();
      if (report && about === 0n) this.#report = { ...report, at: process.hrtime.bigint() };
      if (about !== 0n) this.#latency = this.#native.latency();
    } catch (error) {
      if (codeOf(error) !== "ERR_CLOSED") throw error;
      this.#gone = true;
    }
    this.#open = undefined;
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }

  #answer(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#listeners.delete(done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.#listeners.add(done);
    });
  }
}

function noAnswer(timeoutMs: number): StreamError {
  return new StreamError("ERR_TIMEOUT", `no answer within ${timeoutMs} ms`);
}

/** What a failed look says about the stream. Anything it does not know is thrown on. */
export function statusOf(error: unknown): Exclude<StreamStatus, "alive"> {
  switch (codeOf(error)) {
    case "ERR_NOT_FOUND":
      return "stale";
    case "ERR_BAD_ACCESS":
      return "denied";
    case "ERR_CLOSED":
    case "ERR_REFUSED":
    case "ERR_SYSTEM":
      return "refused";
    case "ERR_TIMEOUT":
    // So many wait to be let in that there is no room for one more: nobody opens the door.
    case "ERR_RESOURCE_BUSY":
      return "silent";
    default:
      throw error;
  }
}
