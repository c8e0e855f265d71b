/** `top` on a terminal: looks, draws and obeys keys until it is told to go. */
import { bindingHost } from "../../binding-host.ts";
import { answerMs } from "../stream-observer.ts";
import type { Glyphs } from "./glyphs.ts";
import { listenForKeys } from "./keyboard.ts";
import { layOut, shownColumns } from "./layout.ts";
import { type StreamRow, TopModel } from "./model.ts";
import { paint } from "./paint.ts";
import type { StreamWatch } from "./stream-watch.ts";
import type { Terminal } from "./terminal.ts";
import { firstView, type Key, press, sceneOf, type TopView } from "./view.ts";

export interface ScreenOptions {
  watch: StreamWatch;
  terminal: Terminal;
  glyphs: Glyphs;
  colour: boolean;
  intervalMs: number;
  sort: string;
}

/** The second look comes soon, however long the interval: only then there are rates. */
const secondLookMs = 1000;

export class TopScreen {
  readonly #options: ScreenOptions;
  readonly #model = new TopModel(bindingHost());
  #view: TopView;
  #rows: readonly StreamRow[] = [];
  #clock = "";
  #over = false;
  #interrupt: () => void = () => {};

  constructor(options: ScreenOptions) {
    this.#options = options;
    this.#view = firstView(options.intervalMs, options.sort);
  }

  /** Resolves when a key or the signal ends it; the terminal is as it was then. */
  async run(signal: AbortSignal): Promise<void> {
    const { terminal } = this.#options;
    using _ = terminal;
    const end = () => this.#end();
    signal.addEventListener("abort", end);
    terminal.enter();
    const stopKeys = listenForKeys(terminal.input, (key) => this.#onKey(key));
    const onResize = () => {
      terminal.forget();
      this.#draw();
    };
    terminal.output.on("resize", onResize);
    // The terminal itself is gone.
    terminal.output.on("error", end);
    terminal.input.on("end", end).on("error", end);
    try {
      await this.#look();
      for (let waitMs = secondLookMs; !this.#over; waitMs = this.#view.intervalMs) {
        await this.#rest(Math.min(waitMs, this.#view.intervalMs));
        if (!this.#over) await this.#look();
      }
    } finally {
      signal.removeEventListener("abort", end);
      terminal.output.off("resize", onResize);
      stopKeys();
    }
  }

  /** While the picture is held still the figures go on, so that there is no gap in them. */
  async #look(): Promise<void> {
    const waitMs = Math.min(answerMs, 0.8 * this.#view.intervalMs);
    const rows = this.#model.update(await this.#options.watch.look(waitMs));
    if (this.#over || this.#view.paused) return;
    this.#rows = rows;
    this.#clock = new Date().toTimeString().slice(0, 8);
    this.#draw();
  }

  #draw(): void {
    const { terminal, glyphs, colour, watch } = this.#options;
    const around = { clock: this.#clock, directories: watch.directories, glyphs };
    const lines = layOut(this.#view, sceneOf(this.#view, this.#rows), terminal.size, around);
    terminal.draw(lines.map((each) => paint(each, colour)));
  }

  #onKey(key: Key | "suspend"): void {
    if (key === "suspend") {
      this.#options.terminal.suspend();
      this.#draw();
      return;
    }
    const { terminal, glyphs } = this.#options;
    const scene = sceneOf(this.#view, this.#rows);
    const next = press(this.#view, key, scene, shownColumns(this.#view, scene, terminal.size, glyphs));
    if (!next) {
      this.#end();
      return;
    }
    const intervalChanged = next.intervalMs !== this.#view.intervalMs;
    this.#view = next;
    this.#draw();
    if (intervalChanged) this.#interrupt();
  }

  #end(): void {
    this.#over = true;
    this.#options.terminal.leave();
    // A look that waits for an answer waits no longer.
    this.#options.watch[Symbol.dispose]();
    this.#interrupt();
  }

  #rest(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#interrupt = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
