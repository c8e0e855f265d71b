#!/usr/bin/env node
/** The `edgestream` program: finds the command, and turns what went wrong into a sentence and an exit code. */
import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { addBenchCommand } from "./commands/bench.ts";
import { addListCommand } from "./commands/list.ts";
import { addPullCommand } from "./commands/pull.ts";
import { addSourceCommand } from "./commands/source.ts";
import { describeFailure, ExitCode, exitCodeOf } from "./failure.ts";

const examples = `
Examples:
  edgestream source test: --name bars &
  edgestream list
  edgestream pull bars --as y4m --out - | ffplay -

Exit codes: 0 done, 1 it failed, 2 wrong options. Errors are one line on stderr: edgestream: CODE: what to do.`;

function packageVersion(): string {
  // From dist/sdk/cli/ and from sdk/cli/ alike the package's root is found by going up.
  for (const up of ["../../../package.json", "../../package.json"]) {
    try {
      const found: unknown = JSON.parse(readFileSync(new URL(up, import.meta.url), "utf8"));
      if (typeof found === "object" && found !== null && "version" in found) return String(found.version);
    } catch {
      // Not here; the next place up may have it.
    }
  }
  return "unknown";
}

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
  addBenchCommand(program);
  return program;
}

async function run(args: readonly string[]): Promise<number> {
  try {
    await makeProgram().parseAsync(args, { from: "user" });
    return ExitCode.ok;
  } catch (error) {
    // Commander has printed its own message; --help and --version come this way too, with exit code 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
    process.stderr.write(`${describeFailure(error)}\n`);
    return exitCodeOf(error);
  }
}

process.exitCode = await run(process.argv.slice(2));
