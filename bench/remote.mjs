/**
 * How fast frames go through TCP, TLS and WebSocket, against a C program on two sockets and bare `ws` of the same run,
 * over the loopback of this host. `edgestream bench remote` runs the same.
 *
 *   node bench/remote.mjs                  5 rounds, below 4 minutes
 *   node bench/remote.mjs --quick          the rows with limits only, in below a minute
 *   node bench/remote.mjs --json           the results as JSON on stdout
 *   node bench/remote.mjs --only D15,tls   these rows
 *
 * Options and exit codes are those of bench/local.mjs. Progress goes to stderr.
 */
import { BenchError } from "./harness/failure.mjs";
import { parseFlags } from "./harness/options.mjs";
import { run } from "./remote/run.mjs";

const say = (text) => process.stderr.write(`${text}\n`);

try {
  process.stdout.write(await run(parseFlags(process.argv.slice(2)), say));
} catch (error) {
  if (!(error instanceof BenchError)) throw error;
  say(`bench/remote: ${error.code}: ${error.message}`);
  process.exitCode = error.exitCode;
}
