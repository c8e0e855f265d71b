/** Starts the doctor's own child program and reads what it says. */
import { fileURLToPath } from "node:url";
import { type ChildLine, parseLines } from "./child-lines.ts";
import { type Ran, runProgram } from "./run-program.ts";

export type ChildKind = "addon" | "directory" | "send" | "receive";

export interface ChildRun {
  lines: ChildLine[];
  ran: Ran;
}

// The sources and dist/ have the same files under two endings.
const program = import.meta.url.replace(/run-child(\.\w+)$/, "child$1");

export async function runChild(kind: ChildKind, argument: object, limitMs: number): Promise<ChildRun> {
  const json = JSON.stringify({ ...argument, limitMs });
  const ran = await runProgram(process.execPath, [fileURLToPath(program), kind, json], { limitMs });
  return { lines: parseLines(ran.stdout), ran };
}
