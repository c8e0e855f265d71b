/**
 * Joins a stream, reads a frame and leaves, again and again: whoever stops or kills it most likely hits a hand-shake.
 * One JSON argument: { name, runtimeDir }. Says joining, once.
 */
import { openStream } from "edgestream";

const { name, runtimeDir } = JSON.parse(process.argv[2] ?? "{}");
process.stdout.write(`${JSON.stringify({ kind: "joining" })}\n`);
for (let round = 0; ; round++) {
  const stream = await openStream(name, { runtimeDir, timeoutMs: 10_000 });
  const consumer = await stream.connectConsumer({ mode: round % 2 === 0 ? "mailbox" : "broadcast" });
  // Most rounds are nothing but the hand-shake.
  if (round % 4 === 0) await consumer.next({ timeoutMs: 100 });
  await stream.close();
}
