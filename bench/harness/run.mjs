/** One run of the bench, from the options to the text of its result. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { BenchError } from "./failure.mjs";
import { installPeers } from "./install.mjs";
import { judgeRow } from "./judge.mjs";
import { allowedCpus, describeMachine } from "./machine.mjs";
import { settle } from "./options.mjs";
import { endAll } from "./processes.mjs";
import { Rounds } from "./rounds.mjs";
import { isJudged, prepare } from "./suite.mjs";
import { formatTable } from "./table.mjs";
import { onPath, packageFolder } from "./tools.mjs";

const cannotRun = (reason) => new BenchError("ERR_BENCH", reason);

/** Where compiled programs are kept between runs; an installed package may be somebody else's. */
function binariesFolder(runtimeDir) {
  const kept = join(packageFolder, "build/bench");
  try {
    mkdirSync(kept, { recursive: true });
    return kept;
  } catch {
    return join(runtimeDir, "bin");
  }
}

function makeSetting(form, runtimeDir) {
  const cpus = allowedCpus();
  const [producerCpu, consumerCpu] = cpus;
  if (consumerCpu === undefined) {
    throw cannotRun("it needs two processors, one for the producer and one for the consumer; this process may use one");
  }
  const allCpus = cpus.join(",");
  return { ...form, runtimeDir, binaries: binariesFolder(runtimeDir), producerCpu, consumerCpu, allCpus };
}

async function measure(suite, options, setting, say) {
  const wanted = [...options.measurements, ...(options.series ? suite.series.measurements : [])];
  const missing = prepare(suite, wanted, setting.binaries);
  for (const [name, reason] of missing) say(`without ${name}: ${reason}`);
  const rounds = new Rounds(suite, options.measurements, missing, options.form, say);
  await rounds.take(setting);
  const series = options.series ? await suite.series.take(setting, missing, say) : undefined;
  const judged = options.rows.map((row) => [row, judgeRow(row, rounds.taken, rounds.problems)]);
  const all = judged.map(([, result]) => result);
  if (all.length > 0 && all.every(({ value }) => value === null)) {
    throw cannotRun(`nothing could be measured: ${all[0].reason}`);
  }
  return {
    othersShare: rounds.disturbances,
    results: judged.filter(([row]) => isJudged(row)).map(([, result]) => result),
    context: judged.filter(([row]) => !isJudged(row)).map(([, result]) => result),
    ...(series && { series }),
  };
}

/** Runs `work` with a folder for sockets and scratch files; nothing stays behind, whatever ends it. */
async function withRuntimeDir(say, work) {
  const runtimeDir = mkdtempSync(join(os.tmpdir(), "edgestream-bench-"));
  const cleanUp = () => rmSync(runtimeDir, { recursive: true, force: true });
  const interrupted = (signal) => {
    say(`ended by ${signal}`);
    endAll();
    cleanUp();
    process.exit(128 + os.constants.signals[signal]);
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const signal of signals) process.on(signal, interrupted);
  try {
    return await work(runtimeDir);
  } finally {
    for (const signal of signals) process.off(signal, interrupted);
    cleanUp();
  }
}

/**
 * @param {import("./suite.mjs").Suite} suite
 * @param {import("./options.mjs").Flags} flags
 * @param {(text: string) => void} say  told what is going on
 * @returns {Promise<string>}  the results, as JSON or as a table
 * @throws BenchError
 */
export async function runBench(suite, flags, say) {
  const options = settle(suite, flags);
  if (options.installPeers) {
    const problem = installPeers(suite, say);
    if (problem !== undefined) throw cannotRun(`--install-peers: ${problem}`);
  }
  if (!onPath("taskset")) throw cannotRun("the program taskset is missing: apt-get install util-linux");
  const began = performance.now();
  const before = describeMachine();
  const { othersShare, ...outcome } = await withRuntimeDir(say, (runtimeDir) =>
    measure(suite, options, makeSetting(options.form, runtimeDir), say),
  );
  const machine = {
    ...before,
    loadAfter: Number(os.loadavg()[0].toFixed(2)),
    othersShare,
    form: options.form.name,
    rounds: othersShare.length,
    seconds: Math.round((performance.now() - began) / 1000),
  };
  const report = { machine, ...outcome };
  return options.json ? `${JSON.stringify(report, null, 2)}\n` : formatTable(report);
}
