/** How a command fails: one sentence with a stable code, and the exit code that tells a script what kind it was. */

/** 0 = done, 1 = it could not be done, 2 = it was asked for wrongly. */
export const ExitCode = { ok: 0, failed: 1, usage: 2 } as const;

/** A failure that is meant to be read by a person: what happened, and what to do about it. */
export class CommandError extends Error {
  readonly code: string;
  readonly exitCode: number;

  constructor(code: string, message: string, options: { exitCode?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "CommandError";
    this.code = code;
    this.exitCode = options.exitCode ?? ExitCode.failed;
  }
}

/** A wrong option or argument. */
export function usageError(message: string): CommandError {
  return new CommandError("ERR_USAGE", message, { exitCode: ExitCode.usage });
}

/** The `code` of any error that carries one: ours, the SDK's or Node's. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** One line for stderr. Only an error without a code is unexpected, so only that one shows its stack. */
export function describeFailure(error: unknown): string {
  const code = codeOf(error);
  if (error instanceof Error && code !== undefined) return `edgestream: ${code}: ${error.message}`;
  if (error instanceof Error) return `edgestream: ERR_UNEXPECTED: ${error.stack ?? error.message}`;
  return `edgestream: ERR_UNEXPECTED: ${String(error)}`;
}

export function exitCodeOf(error: unknown): number {
  return error instanceof CommandError ? error.exitCode : ExitCode.failed;
}
