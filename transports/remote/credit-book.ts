/** What this end tells the producer about the frames that it got, at most once per turn of the event loop. */
import type { Session } from "./session.ts";

/**
 * What makes room for another frame: that one has left its place, that one has arrived (where it overwrites what
 * waits), or that somebody waits.
 */
export type Grants = "places" | "arrivals" | "demand";

export class CreditBook {
  readonly #session: Session;
  readonly #grants: Grants;
  #granted: bigint;
  #arrived = 0n;
  #freed = 0n;
  #skipped = 0n;
  #frame = 0n;
  #due = false;

  /** `room`: frames that may come before anything else happens. */
  constructor(session: Session, grants: Grants, room: number) {
    this.#session = session;
    this.#grants = grants;
    this.#granted = grants === "demand" ? 0n : BigInt(room);
    this.#tellSoon();
  }

  arrived(): void {
    this.#arrived++;
    if (this.#grants !== "arrivals") return;
    this.#granted++;
    this.#tellSoon();
  }

  /** Somebody waits for a frame. */
  wanted(): void {
    if (this.#grants !== "demand" || this.#granted > this.#arrived) return;
    this.#granted++;
    this.#tellSoon();
  }

  /** So many frames have left their places, `skipped` in all unseen, up to frame `number` of the peer. */
  freed(frames: bigint, number = this.#frame, skipped = this.#skipped): void {
    this.#freed += frames;
    this.#frame = number;
    this.#skipped = skipped;
    if (this.#grants === "places") this.#granted += frames;
    this.#tellSoon();
  }

  #tellSoon(): void {
    if (this.#due) return;
    this.#due = true;
    queueMicrotask(() => {
      this.#due = false;
      const [granted, acquired, skipped, frame] = [this.#granted, this.#freed, this.#skipped, this.#frame];
      this.#session.send({ type: "credit", granted, acquired, skipped, frame });
    });
  }
}
