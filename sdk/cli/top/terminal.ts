/** The terminal while it is ours: the alternate screen, raw keys, no cursor; and all of it given back at the end. */
import type { Size } from "./layout.ts";

/** xterm's private modes: 1049 alternate screen with the cursor kept, 25 cursor, 7 wrap at the right edge. */
const enter = "\u001b[?1049h\u001b[?25l\u001b[?7l\u001b[H\u001b[2J";
const leave = "\u001b[?7h\u001b[?25h\u001b[?1049l";
const cursorTo = (row: number) => `\u001b[${row + 1};1H`;
const emptyLine = "\u001b[0m\u001b[2K";

export class Terminal implements Disposable {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
  #active = false;
  #shown: readonly string[] = [];
  readonly #onExit = () => this.leave();

  constructor(input: NodeJS.ReadStream, output: NodeJS.WriteStream) {
    this.input = input;
    this.output = output;
  }

  get size(): Size {
    return { columns: this.output.columns || 80, rows: this.output.rows || 24 };
  }

  /** Takes the screen and the keys. The end of the process, even by an uncaught error, gives them back. */
  enter(): void {
    if (this.#active) return;
    this.#active = true;
    process.on("exit", this.#onExit);
    this.input.setRawMode(true);
    this.output.write(enter);
    this.forget();
  }

  /** Gives everything back. Idempotent. */
  leave(): void {
    if (!this.#active) return;
    this.#active = false;
    process.off("exit", this.#onExit);
    this.input.setRawMode(false);
    // A terminal is written to at once, so this is out before the process is.
    this.output.write(leave);
  }

  [Symbol.dispose](): void {
    this.leave();
  }

  /** Ctrl-Z: back to the shell until it says `fg`, as every program in the terminal's foreground. */
  suspend(): void {
    this.leave();
    process.kill(0, "SIGTSTP");
    // Here it goes on, after `fg` or because nobody is there who could stop it.
    this.enter();
  }

  /** What stands on the screen is not what was drawn: the next lines are all drawn anew. */
  forget(): void {
    this.#shown = [];
    if (this.#active) this.output.write("\u001b[0m\u001b[2J");
  }

  /** One write with the lines that changed, so that nothing flickers. */
  draw(lines: readonly string[]): void {
    if (!this.#active) return;
    const rows = Math.max(lines.length, this.#shown.length);
    let text = "";
    for (let row = 0; row < rows; row += 1) {
      const next = lines[row] ?? "";
      // Emptied before and not after: at the right edge the cursor stands on the last character.
      if (next !== this.#shown[row]) text += cursorTo(row) + emptyLine + next;
    }
    this.#shown = lines;
    if (text !== "") this.output.write(text);
  }
}
