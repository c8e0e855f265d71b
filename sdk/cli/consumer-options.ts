/** What every command that reads a stream asks for and says: the connection's options, the wait, a bad end. */
import { type Command, Option } from "commander";
import type { ConsumerStats } from "../base/stats-types.ts";
import type { OpenStreamOptions } from "../base/types.ts";
import type { Consumer } from "../consumer.ts";
import { openStream } from "../open-stream.ts";
import type { Stream } from "../stream.ts";
import { CommandError, codeOf } from "./failure.ts";
import { type DialFlags, declareDialOptions, dialOptions } from "./network-options.ts";
import { oneOf, seconds, wholeNumber } from "./option-parsers.ts";

export interface ConsumerFlags extends DialFlags {
  count?: number;
  mode: "mailbox" | "fifo" | "broadcast";
  fifoLength?: number;
  capacity?: number;
  maxLag?: number;
  maxHeld?: number;
  maxWait?: number;
  onStall?: "evict" | "overwrite";
  start?: "next" | "newest";
  wait: number;
  reconnect: boolean;
  runtimeDir?: string;
}

const defaultWaitSeconds = 10;
const modeNames = ["mailbox", "fifo", "broadcast"] as const;

export function declareConsumerOptions(command: Command): Command {
  command
    .option("--count <n>", "end after n frames", wholeNumber("--count", 1, 2 ** 40))
    .option("--mode <mode>", `one of ${modeNames.join(", ")}`, oneOf("--mode", modeNames), "fifo")
    .option("--fifo-length <n>", "fifo: waiting frames", wholeNumber("--fifo-length", 1, 128))
    .option("--capacity <n>", "broadcast: waiting frames", wholeNumber("--capacity", 1, 128))
    .option("--max-lag <n>", "mailbox, broadcast: skipped frames before eviction", wholeNumber("--max-lag", 1, 2 ** 40))
    .option("--max-held <n>", "frames held at once", wholeNumber("--max-held", 1, 64))
    .option("--max-wait <ms>", "fifo: how long it may hold up the producer", wholeNumber("--max-wait", 0, 3_600_000))
    .addOption(new Option("--on-stall <what>", "fifo: what happens then").choices(["evict", "overwrite"]))
    .addOption(new Option("--start <which>", "first frame of a late consumer").choices(["next", "newest"]))
    .option("--wait <seconds>", "how long to wait for the stream to appear", seconds("--wait"), defaultWaitSeconds)
    .option("--reconnect", "go on when the producer comes back", false)
    .option("--runtime-dir <path>", "where the socket is");
  return declareDialOptions(command);
}

/** `client`: what observers see. undefined: the signal fired first. */
export async function openToRead(
  name: string,
  flags: ConsumerFlags,
  client: string,
  signal: AbortSignal,
): Promise<Stream | undefined> {
  try {
    return await openStream(name, openOptions(flags, client, signal));
  } catch (error) {
    if (signal.aborted) return undefined;
    if (codeOf(error) !== "ERR_NOT_FOUND") throw error;
    const hint = "edgestream list shows what is there, --wait <seconds> waits longer";
    const where = isRemote(name) ? `: ${(error as Error).message}` : "";
    const message = `no stream "${name}" appeared within ${flags.wait} s${where}; ${hint}`;
    throw new CommandError("ERR_NOT_FOUND", message, { cause: error });
  }
}

/** undefined: the signal fired first. */
export async function connectToRead(stream: Stream, signal: AbortSignal): Promise<Consumer | undefined> {
  try {
    return await stream.connectConsumer({ signal });
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

/** Then it matters what did not answer. */
const isRemote = (name: string) => name.includes("://") || (process.env["EDGESTREAM_REMOTES"] ?? "") !== "";

function openOptions(flags: ConsumerFlags, client: string, signal: AbortSignal): OpenStreamOptions {
  return {
    ...dialOptions(flags),
    mode: flags.mode,
    timeoutMs: Math.round(flags.wait * 1000),
    signal,
    reconnect: flags.reconnect,
    client,
    // Nothing here looks at a frame twice.
    reuse: false,
    ...(flags.fifoLength !== undefined && { fifoLength: flags.fifoLength }),
    ...(flags.capacity !== undefined && { capacity: flags.capacity }),
    ...(flags.maxLag !== undefined && { maxLag: flags.maxLag }),
    ...(flags.maxHeld !== undefined && { maxHeld: flags.maxHeld }),
    ...(flags.maxWait !== undefined && { maxWaitMs: flags.maxWait }),
    ...(flags.onStall !== undefined && { onStall: flags.onStall }),
    ...(flags.start !== undefined && { start: flags.start }),
    ...(flags.runtimeDir !== undefined && { runtimeDir: flags.runtimeDir }),
  };
}

const tooSlow = "frames were taken too slowly";
const endHints: Partial<Record<ConsumerStats["cause"], string>> = {
  "evicted-stall": `${tooSlow}; --mode mailbox skips instead of waiting, a longer --fifo-length bridges pauses`,
  "evicted-lag": `${tooSlow}; a larger --max-lag allows more skipped frames`,
  "evicted-hold": "a frame was held longer than the producer allows",
  "evicted-request": "the producer sent this consumer away",
  "evicted-idle": "it took no frame for longer than the producer's accept.idleMs",
  "evicted-violation": "the producer found a broken page",
};

/** Only an end that the producer meant is a good end. */
export function checkEnd(name: string, stats: ConsumerStats): void {
  if (stats.cause === "ended" || stats.cause === "stopped") return;
  const code = stats.cause.startsWith("evicted") ? "ERR_EVICTED" : "ERR_PRODUCER_LOST";
  const hint = endHints[stats.cause] ?? "--reconnect waits for the next producer";
  throw new CommandError(code, `stream "${name}" broke off: ${stats.cause}; ${hint}`);
}
