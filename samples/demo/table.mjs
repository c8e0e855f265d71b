// The live table: one line per consumer. On a terminal it stays in place, elsewhere it is a line per second.
const columns = [
  ["consumer", 16],
  ["mode", 10],
  ["state", 20],
  ["fps", 6],
  ["delivered", 10],
  ["skipped", 8],
  ["waiting", 8],
];

export class Table {
  #lines = 0;
  #before = new Map();
  #lastAt = 0;
  #shownAt = 0;

  /** `progress`: one `progress` event of `edgestream source --json`. */
  show(progress) {
    const now = performance.now();
    if (!process.stdout.isTTY && now - this.#shownAt < 900) return;
    this.#shownAt = now;
    const rows = progress.connections.map((connection) => this.#row(connection, now));
    this.#before = new Map(progress.connections.map((each) => [each.id, each.delivered]));
    this.#lastAt = now;
    if (process.stdout.isTTY) this.#draw(progress, rows);
    else console.log(`${progress.frames} posted | ${rows.map(brief).join(" | ")}`);
  }

  #row(connection, now) {
    const gained = connection.delivered - (this.#before.get(connection.id) ?? 0);
    const fps = this.#lastAt === 0 ? "-" : ((gained * 1000) / (now - this.#lastAt)).toFixed(1);
    const { client, mode, state, delivered, skipped, waiting } = connection;
    return [client, mode, state, fps, delivered, skipped, waiting];
  }

  #draw(progress, rows) {
    const head = `producer: ${progress.frames} frames posted, ${progress.framesPerSecond.toFixed(1)} per second`;
    const lines = [head, "", line(columns.map(([name]) => name)), ...rows.map(line)];
    const up = this.#lines > 0 ? `\u001b[${this.#lines}A` : "";
    process.stdout.write(`${up}${lines.map((text) => `\u001b[2K${text}\n`).join("")}`);
    this.#lines = lines.length;
  }
}

function line(cells) {
  return cells.map((cell, index) => String(cell).padEnd(columns[index][1])).join("");
}

function brief([client, mode, , fps, delivered, skipped]) {
  return `${client} (${mode}): ${fps} fps, ${delivered} got, ${skipped} skipped`;
}
