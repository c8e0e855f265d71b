/**
 * Event `frame`: told once per step into `new-frame-available`, and only while someone listens. No step is lost: before
 * it rests it has asked the core for a wake-up, and every take and wake-up makes it look again.
 */
import type { EventEmitter } from "node:events";
import { onFirstListener } from "./first-listener.ts";
import type { KeepAlive } from "./keep-alive.ts";

/** `nothing`: no new frame waits, and a wake-up follows when one comes; `over`: none will come. */
export type Outlook = "frame" | "nothing" | "over";

export class FrameNotice {
  readonly #emitter: EventEmitter;
  readonly #arm: () => Outlook;
  readonly #keepAlive: KeepAlive;
  #told = false;
  #active = false;
  /** Whoever listens waits for frames, as long as any can come. */
  #holds = false;

  constructor(emitter: EventEmitter, arm: () => Outlook, keepAlive: KeepAlive) {
    this.#emitter = emitter;
    this.#arm = arm;
    this.#keepAlive = keepAlive;
    onFirstListener(emitter, "frame", () => this.#start());
    emitter.on("removeListener", (removed: string | symbol) => {
      if (removed === "frame" && emitter.listenerCount("frame") === 0) this.stop();
    });
  }

  get active(): boolean {
    return this.#active;
  }

  /** A try found nothing that it could take; what comes next is news, even before this looks again. */
  nothingTaken(): void {
    this.#told = false;
  }

  look(): void {
    const outlook = this.#arm();
    this.#hold(outlook !== "over");
    if (outlook !== "frame") {
      this.#told = false;
      return;
    }
    if (this.#told) return;
    this.#told = true;
    // Later, for the caller is in the middle of a take or a wake-up.
    queueMicrotask(() => this.#active && this.#emitter.emit("frame"));
  }

  stop(): void {
    this.#active = false;
    this.#hold(false);
  }

  #hold(hold: boolean): void {
    if (hold === this.#holds) return;
    this.#holds = hold;
    if (hold) this.#keepAlive.hold();
    else this.#keepAlive.drop();
  }

  #start(): void {
    this.#active = true;
    this.#told = false;
    this.look();
  }
}
