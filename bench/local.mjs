/**
 * How fast frames go from process to process on this host, against limits measured in the same run.
 *
 *   node bench/local.mjs            5 rounds, 4 minutes; up to 5 more to measure again what others disturbed
 *   node bench/local.mjs --quick    3 short rounds, below a minute
 *   node bench/local.mjs --json     the results as JSON on stdout
 *
 * It says what it measured and ends with 0 whatever the figures are: timings on a shared machine gate nothing.
 */
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { describeMachine } from "./local/machine.mjs";
import { compileLimits, disturbance, measureRound } from "./local/measurements.mjs";
import { judge } from "./local/rows.mjs";
import { formatTable } from "./local/table.mjs";

// The first thousands of round trips run before the compiler has finished with the code.
const common = { warmUpMs: 300, warmUpTrips: 5000 };
const full = { ...common, rounds: 5, measureMs: 1500, pacedMs: 5000, roundTrips: 20_000, retryMs: 300_000 };
const quick = { ...common, rounds: 3, measureMs: 400, pacedMs: 2000, roundTrips: 5000, retryMs: 0 };

const { values: flags } = parseArgs({ options: { json: { type: "boolean" }, quick: { type: "boolean" } } });
const form = flags.quick ? quick : full;

if (os.cpus().length < 2) {
  process.stderr.write("bench/local needs two processors: one for the producer, one for the consumer\n");
  process.exit(1);
}
compileLimits();
const runtimeDir = mkdtempSync(join(os.tmpdir(), "edgestream-bench-"));
const machine = { ...describeMachine(), rounds: form.rounds, form: flags.quick ? "quick" : "full" };
const retryUntil = performance.now() + form.retryMs;
const rounds = [];
try {
  for (let round = 1; round <= form.rounds; round++) {
    const onStart = (name) => process.stderr.write(`round ${round} of ${form.rounds}: ${name}\n`);
    rounds.push(await measureRound({ ...form, runtimeDir, retryUntil }, onStart));
  }
} finally {
  rmSync(runtimeDir, { recursive: true, force: true });
}
const outcome = {
  machine: { ...machine, loadAfter: Number(os.loadavg()[0].toFixed(2)), othersShare: rounds.map(disturbance) },
  results: judge(rounds),
};
process.stdout.write(flags.json ? `${JSON.stringify(outcome, null, 2)}\n` : formatTable(outcome));
