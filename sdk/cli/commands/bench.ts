/** `edgestream bench local`: how fast frames go from process to process on this host. The bench lies in `bench/`. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Command } from "commander";
import { packageRoot } from "../../../native/load.ts";
import { CommandError, codeOf, ExitCode } from "../failure.ts";

interface BenchFlags {
  json: boolean;
  quick: boolean;
  installPeers: boolean;
  only?: string;
}

/** What bench/local/run.mjs exports. */
interface LocalBench {
  runLocalBench(flags: BenchFlags, say: (text: string) => void): Promise<string>;
}

const examples = `
Examples:
  edgestream bench local --quick
  edgestream bench local --json > results.json
  edgestream bench local --only D2,D7
  sudo edgestream bench local --install-peers

It pins a producer and its consumers to processors and compares each figure with a limit (a small C program) or a peer
(GStreamer, iceoryx, ZeroMQ, ffmpeg, net.Socket) of the same round. What is missing is left out: its rows say
"no-reference" and how to get it. The full form takes up to 8 minutes, --quick less than one. Progress goes to stderr.
Exit codes: 0 it measured, whatever the figures are; 1 it could not measure; 2 wrong options.`;

export function addBenchCommand(program: Command): void {
  const bench = program.command("bench").description("measure this host");
  bench
    .command("local")
    .description("latency and throughput between processes of this host")
    .option("--quick", "short rounds, below a minute", false)
    .option("--only <ids>", "these rows, such as D2,D7; series for the plots' data")
    .option("--install-peers", "first install the peers that are missing, with apt-get (needs root)", false)
    .option("--json", "{ machine, results, context, series } on stdout", false)
    .addHelpText("after", examples)
    .action(async (flags: BenchFlags) => {
      process.stdout.write(await runBench(flags));
    });
  bench
    .command("pipeline")
    .description("processor time of decoders, sources and consumers; --help says more")
    .argument("[options...]")
    .allowUnknownOption()
    .helpOption(false)
    .action((args: string[]) => runPipeline(args));
}

function benchFile(name: string): string {
  const file = join(packageRoot(import.meta.dirname), "bench", name);
  if (existsSync(file)) return file;
  throw new CommandError("ERR_BENCH", `${file} is missing; install the package again, or run this in a checkout`);
}

/** A program of its own: it reads its options itself, and is ended by a signal as a whole. */
function runPipeline(args: readonly string[]): void {
  const { status } = spawnSync(process.execPath, [benchFile("pipeline.mjs"), ...args], { stdio: "inherit" });
  process.exitCode = status ?? ExitCode.failed;
}

async function runBench(flags: BenchFlags): Promise<string> {
  const { runLocalBench } = (await import(pathToFileURL(benchFile("local/run.mjs")).href)) as LocalBench;
  try {
    return await runLocalBench(flags, (text) => process.stderr.write(`${text}\n`));
  } catch (error) {
    const code = codeOf(error);
    if (!(error instanceof Error) || (code !== "ERR_USAGE" && code !== "ERR_BENCH")) throw error;
    const exitCode = code === "ERR_USAGE" ? ExitCode.usage : ExitCode.failed;
    throw new CommandError(code, error.message, { exitCode, cause: error });
  }
}
