/** Runs `edgestream doctor` as a user would, and follows its advice as a user would. */
import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";

export const program = fileURLToPath(new URL("../../dist/sdk/cli/bin.js", import.meta.url));

export interface Check {
  id: string;
  status: "ok" | "warn" | "fail" | "skip";
  finding: string;
  advice: string | null;
}

export interface Examination {
  checks: Check[];
  summary: Record<string, number>;
  exitCode: number | null;
  /** The check with this id; the test fails without it. */
  check(id: string): Check;
  /** Ids of all checks with this status. */
  ids(status: Check["status"]): string[];
}

export interface Surroundings {
  /** Put in front of node, such as `prlimit --nofile=32`. */
  wrapper?: readonly string[];
  /** A shell script that makes the surroundings; it may use namespaces of its own. */
  inside?: string;
  env?: Record<string, string | undefined>;
  program?: string;
}

/** An end that comes too late fails the test; none of the doctor's own limits is as long. */
const watchdogMs = 100_000;

export function runDoctor(args: readonly string[], where: Surroundings = {}): SpawnSyncReturns<string> {
  const node = [process.execPath, where.program ?? program, "doctor", ...args];
  const script = where.inside === undefined ? [] : ["sh", "-ec", `${where.inside}\nexec "$@"`, "sh"];
  const [command, ...rest] = [...(where.wrapper ?? []), ...script, ...node];
  const env = { ...process.env, ...where.env };
  return spawnSync(command as string, rest, { encoding: "utf8", env, timeout: watchdogMs });
}

export function examine(args: readonly string[] = [], where: Surroundings = {}): Examination {
  return readExamination(runDoctor([...args, "--json"], where));
}

export function readExamination(result: SpawnSyncReturns<string>): Examination {
  expect(result.error).toBeUndefined();
  expect(result.stderr).toBe("");
  return { ...parseReport(result.stdout), exitCode: result.status };
}

/** What must hold in every report. */
export function parseReport(text: string): Omit<Examination, "exitCode"> {
  const { checks, summary } = JSON.parse(text) as { checks: Check[]; summary: Record<string, number> };
  const ids = (status: Check["status"]) => checks.filter((each) => each.status === status).map(({ id }) => id);
  expect(new Set(checks.map(({ id }) => id)).size).toBe(checks.length);
  for (const { id, status, finding, advice } of checks) {
    expect(finding, id).toMatch(/^[^\n]+$/);
    if (status === "warn" || status === "fail") expect(advice, id).toMatch(/^[^\n]+$/);
    else expect(advice, id).toBeNull();
  }
  expect(summary).toEqual({
    total: checks.length,
    ok: ids("ok").length,
    warn: ids("warn").length,
    fail: ids("fail").length,
    skip: ids("skip").length,
  });
  return {
    checks,
    summary,
    ids,
    check(id) {
      const found = checks.find((each) => each.id === id);
      if (found === undefined) throw new Error(`no check ${id} among ${checks.map((each) => each.id).join(" ")}`);
      return found;
    },
  };
}

/** The first command of an advice, as this test can run it: by root, and with this checkout's program. */
export function firstCommand(advice: string | null): string {
  const [command = ""] = (advice ?? "").split(/, or |; | \(/);
  return command.replaceAll("sudo ", "").replace(/^edgestream /, `${process.execPath} ${program} `);
}

/** Does what the advice says. */
export function follow(check: Check): void {
  const command = firstCommand(check.advice);
  const { status, stderr } = spawnSync("sh", ["-ec", command], { encoding: "utf8" });
  expect(status, `${command}: ${stderr}`).toBe(0);
  console.log(`  ${check.id}: cured by: ${command}`);
}

/** undefined when this system lets the command run; else why not. */
export function obstacle(command: readonly string[]): string | undefined {
  const [name, ...args] = command;
  const { status, error, stderr } = spawnSync(name as string, args, { encoding: "utf8" });
  if (status === 0) return undefined;
  const why = error?.message ?? (stderr.trim() || `exit code ${status}`);
  console.log(`skipped: ${command.join(" ")}: ${why}`);
  return why;
}
