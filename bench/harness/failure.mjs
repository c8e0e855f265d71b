/** Why the bench could not do what it was asked for: one sentence with a code, and the exit code. */
export class BenchError extends Error {
  name = "BenchError";

  /** @param {"ERR_USAGE" | "ERR_BENCH"} code */
  constructor(code, message) {
    super(message);
    this.code = code;
    this.exitCode = code === "ERR_USAGE" ? 2 : 1;
  }
}
