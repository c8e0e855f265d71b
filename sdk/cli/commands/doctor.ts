/** `edgestream doctor`: looks at this machine and says what is good, what is wrong, and what to do. */
import { constants } from "node:os";
import type { Command } from "commander";
import { type CheckGroup, summarize } from "../doctor/check.ts";
import { examine } from "../doctor/examine.ts";
import { thisMachine } from "../doctor/machine.ts";
import { renderReport, styleFor } from "../doctor/report.ts";
import { ExitCode, usageError } from "../failure.ts";
import { toJson } from "../json-output.ts";

interface DoctorFlags {
  json: boolean;
  runtimeDir?: string;
}

const examples = `
Examples:
  edgestream doctor
  edgestream doctor --runtime-dir /run/edgestream
  edgestream doctor --json | jq '.checks[] | select(.status != "ok")'

Each line: a mark (ok, warn, fail, skip = does not apply here), the check's id, what was found; for warn and fail a
line "do:" with what cures it. It changes nothing; what it makes to try something out it removes again.
With --json: { "checks": [{ "id", "status", "finding", "advice" }], "summary": { "total", "ok", "warn", … } }.
Every id is explained in docs/doctor.md.
Exit codes: 0 nothing failed (warnings included), 1 something failed, 2 wrong options.`;

export function addDoctorCommand(program: Command): void {
  program
    .command("doctor")
    .description("check this machine, and say what is wrong and what to do")
    .option("--runtime-dir <path>", "look only at this runtime directory")
    .option("--json", "a JSON object on stdout", false)
    .addHelpText("after", examples)
    .action(async (flags: DoctorFlags) => {
      if (flags.runtimeDir === "") throw usageError("--runtime-dir needs a path");
      // Ends through "exit", where what was made to try something out is removed.
      for (const signal of ["SIGINT", "SIGTERM"] as const)
        process.once(signal, () => process.exit(128 + constants.signals[signal]));
      const groups = await examine(thisMachine(), flags.runtimeDir);
      process.stdout.write(
        flags.json ? `${toJson(jsonReport(groups))}\n` : renderReport(groups, styleFor(process.stdout, process.env)),
      );
      if (summarize(groups.flatMap(({ checks }) => checks)).fail > 0) process.exitCode = ExitCode.failed;
    });
}

function jsonReport(groups: readonly CheckGroup[]): object {
  const checks = groups.flatMap((group) => group.checks);
  return { checks, summary: summarize(checks) };
}
