/** Pushes of one producer, and changes of its format, run one after the other, or a later one could overtake. */
export class PushQueue {
  readonly #onDone: () => void;
  #last: Promise<unknown> = Promise.resolve();
  #running = 0;
  #done = 0;

  /** `onDone` is called after each, whatever became of it. */
  constructor(onDone: () => void) {
    this.#onDone = onDone;
  }

  get busy(): boolean {
    return this.#running > 0;
  }

  /** How many pushes were called so far, and how many of all are done: for who waits for those before it. */
  get called(): number {
    return this.#done + this.#running;
  }

  get done(): number {
    return this.#done;
  }

  /** The first one begins at once, in this turn. */
  run<T>(push: () => Promise<T>): Promise<T> {
    const done = this.#running === 0 ? push() : this.#last.then(push);
    this.#running++;
    const settled = () => {
      this.#running--;
      this.#done++;
      this.#onDone();
    };
    this.#last = done.then(settled, settled);
    return done;
  }
}
