/**
 * How fast frames go from process to process on this host, against limits and peers measured in the same run.
 * `edgestream bench local` runs the same.
 *
 *   node bench/local.mjs                   5 rounds and the series, below 8 minutes
 *   node bench/local.mjs --quick           the rows only, as many short rounds as fit into a minute
 *   node bench/local.mjs --json            the results as JSON on stdout
 *   node bench/local.mjs --only D2,D7      these rows; `series` names the series
 *   node bench/local.mjs --install-peers   first installs the peers that are missing (root; else tells the command)
 *
 * It says what it measured and ends with 0 whatever the figures are: timings on a shared machine gate nothing. 1 = it
 * could not measure, 2 = wrong options. Progress goes to stderr.
 */
import { BenchError } from "./harness/failure.mjs";
import { parseFlags } from "./harness/options.mjs";
import { run } from "./local/run.mjs";

const say = (text) => process.stderr.write(`${text}\n`);

try {
  process.stdout.write(await run(parseFlags(process.argv.slice(2)), say));
} catch (error) {
  if (!(error instanceof BenchError)) throw error;
  say(`bench/local: ${error.code}: ${error.message}`);
  process.exitCode = error.exitCode;
}
