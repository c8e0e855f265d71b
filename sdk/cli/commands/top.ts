/** `edgestream top`: all streams of this host, live. */
import type { Command } from "commander";
import { usageError } from "../failure.ts";
import { oneOf, wholeNumber } from "../option-parsers.ts";
import { openOutput } from "../output.ts";
import { listenForStop } from "../signals.ts";
import { glyphsFor } from "../top/glyphs.ts";
import { TopScreen } from "../top/screen.ts";
import { streamColumns } from "../top/stream-columns.ts";
import { StreamWatch } from "../top/stream-watch.ts";
import { Terminal } from "../top/terminal.ts";
import { reportInText } from "../top/text-report.ts";

interface TopFlags {
  json: boolean;
  once: boolean;
  count?: number;
  interval: number;
  sort: string;
  runtimeDir?: string;
}

const sortable = streamColumns.filter(({ sortBy }) => sortBy).map(({ name }) => name);
const intervalMin = 0.1;
const intervalMax = 3600;

const examples = `
Examples:
  edgestream top
  edgestream top --sort fps --interval 0.5
  edgestream top --once
  edgestream top --json --count 10 | jq '.streams[] | {name, framesPerSecond}'

Keys: arrows select and sort, Enter shows a stream's connections, ? says the rest, q quits. Without a terminal, or with
--once or --count, it prints a table per interval. It attaches as an observer: it takes no consumer's seat and no frame.
Exit codes: 0 done, 1 it failed, 2 wrong options.`;

export function addTopCommand(program: Command): void {
  program
    .command("top")
    .description("watch the streams of this host live")
    .option("--interval <seconds>", "time between two looks", parseInterval, 1)
    .option("--sort <column>", `one of ${sortable.join(", ")}`, oneOf("--sort", sortable), "name")
    .option("--count <n>", "print n tables or lines, then end", wholeNumber("--count", 1, 2 ** 40))
    .option("--once", "the same as --count 1", false)
    .option("--runtime-dir <path>", "look only here")
    .option("--json", "a line of JSON per interval on stdout, connections and counters included", false)
    .addHelpText("after", examples)
    .action(runTop);
}

/** Seconds, fractions allowed. */
function parseInterval(text: string): number {
  const value = /^\d{1,4}(\.\d{1,3})?$/.test(text) ? Number(text) : Number.NaN;
  if (value >= intervalMin && value <= intervalMax) return value;
  throw usageError(`--interval must be seconds from ${intervalMin} to ${intervalMax}, not "${text}"`);
}

async function runTop(flags: TopFlags): Promise<void> {
  if (flags.once && flags.count !== undefined) throw usageError("give --once or --count, not both");
  const count = flags.once ? 1 : flags.count;
  const stop = listenForStop();
  const glyphs = glyphsFor(process.env);
  const { sort } = flags;
  const intervalMs = flags.interval * 1000;
  try {
    using watch = new StreamWatch(flags.runtimeDir);
    if (!flags.json && count === undefined && isScreen()) {
      const terminal = new Terminal(process.stdin, process.stdout);
      const colour = process.stdout.hasColors();
      await new TopScreen({ watch, terminal, glyphs, colour, intervalMs, sort }).run(stop.signal);
    } else {
      const output = await openOutput("-", false);
      await reportInText({ watch, output, json: flags.json, count, intervalMs, sort, glyphs }, stop.signal);
    }
  } finally {
    stop.dispose();
  }
}

/** Both ends must be one; a dumb terminal cannot move its cursor. */
function isScreen(): boolean {
  return process.stdin.isTTY === true && process.stdout.isTTY === true && process.env["TERM"] !== "dumb";
}
