/** `edgestream bench local` and its kind: how fast frames go here. The benches lie in `bench/`. */
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

/** What bench/<kind>/run.mjs exports. */
interface Bench {
  run(flags: BenchFlags, say: (text: string) => void): Promise<string>;
}

const localHelp = `
Examples:
  edgestream bench local --quick
  edgestream bench local --json > results.json
  edgestream bench local --only D2,D7
  sudo edgestream bench local --install-peers

It pins a producer and its consumers to processors and compares each figure with a limit (a small C program) or a peer
(GStreamer, iceoryx, ZeroMQ, ffmpeg, net.Socket) of the same round. What is missing is left out: its rows say
"no-reference" and how to get it. The full form takes up to 8 minutes, --quick less than one. Progress goes to stderr.
Exit codes: 0 it measured, whatever the figures are; 1 it could not measure; 2 wrong options.`;

const remoteHelp = `
Examples:
  edgestream bench remote --quick
  edgestream bench remote --json > results.json
  edgestream bench remote --only D15,latency

Frames of 1080p NV12 go from one process to another through tcp, tls and ws addresses of this host; either side listens.
It pins the two ends to processors and compares each figure with a C program on two sockets, or with the ws package
alone, of the same round. Latency, processor time and the cost of TLS are in "context". The full form takes up to 4
minutes, --quick less than one. Progress goes to stderr.
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
    .addHelpText("after", localHelp)
    .action((flags: BenchFlags) => runBench("local", flags));
  bench
    .command("remote")
    .description("throughput, latency and processor time through tcp, tls and ws")
    .option("--quick", "the rows with limits in short rounds, below a minute", false)
    .option("--only <ids>", "these rows, such as D15,tls")
    .option("--install-peers", "first install what is missing, with apt-get (needs root)", false)
    .option("--json", "{ machine, results, context } on stdout", false)
    .addHelpText("after", remoteHelp)
    .action((flags: BenchFlags) => runBench("remote", flags));
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

async function runBench(kind: "local" | "remote", flags: BenchFlags): Promise<void> {
  const bench = (await import(pathToFileURL(benchFile(`${kind}/run.mjs`)).href)) as Bench;
  try {
    process.stdout.write(await bench.run(flags, (text) => process.stderr.write(`${text}\n`)));
  } catch (error) {
    const code = codeOf(error);
    if (!(error instanceof Error) || (code !== "ERR_USAGE" && code !== "ERR_BENCH")) throw error;
    const exitCode = code === "ERR_USAGE" ? ExitCode.usage : ExitCode.failed;
    throw new CommandError(code, error.message, { exitCode, cause: error });
  }
}
