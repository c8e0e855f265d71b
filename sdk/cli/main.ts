#!/usr/bin/env node
/** The `edgestream` program: finds the command, and turns what went wrong into a sentence and an exit code. */
import { Command, CommanderError } from "commander";
import { addBenchCommand } from "./commands/bench.ts";
import { addBridgeCommand } from "./commands/bridge.ts";
import { addDoctorCommand } from "./commands/doctor.ts";
import { addListCommand } from "./commands/list.ts";
import { addPullCommand } from "./commands/pull.ts";
import { addRecordCommand } from "./commands/record.ts";
import { addReplayCommand } from "./commands/replay.ts";
import { addSourceCommand } from "./commands/source.ts";
import { addTopCommand } from "./commands/top.ts";
import { describeFailure, ExitCode, exitCodeOf } from "./failure.ts";
import { packageVersion } from "./package-version.ts";

const examples = `
Examples:
  edgestream source test: --name bars &
  edgestream list
  edgestream pull bars --as y4m --out - | ffplay -
  edgestream doctor

Exit codes: 0 done, 1 it failed, 2 wrong options. Errors are one line on stderr: edgestream: CODE: what to do.`;

function makeProgram(): Command {
  const program = new Command("edgestream")
    .description("Hands image frames from one producer to many consumers of a host, without a copy.")
    .version(packageVersion())
    .showHelpAfterError("(edgestream <command> --help says more)")
    .addHelpText("after", examples)
    // Commander would end the process itself, and with 1 for a wrong option.
    .exitOverride();
  addSourceCommand(program);
  addPullCommand(program);
  addListCommand(program);
  addTopCommand(program);
  addDoctorCommand(program);
  addRecordCommand(program);
  addReplayCommand(program);
  addBridgeCommand(program);
  addBenchCommand(program);
  return program;
}

async function run(args: readonly string[]): Promise<number> {
  try {
    await makeProgram().parseAsync(args, { from: "user" });
    // A command that found something wrong has said so, and has set the exit code.
    return Number(process.exitCode ?? ExitCode.ok);
  } catch (error) {
    // Commander has printed its own message; --help and --version come this way too, with exit code 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
    process.stderr.write(`${describeFailure(error)}\n`);
    return exitCodeOf(error);
  }
}

// Not awaited here: a module that awaits at its top cannot be loaded by bin.ts.
void run(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
