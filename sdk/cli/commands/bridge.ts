/** `edgestream bridge <address>`: a stream of another host as a stream of this one. */
import { type Command, Option } from "commander";
import type { BridgeOptions, BridgeStats } from "../../base/bridge-types.ts";
import { type Bridge, startBridge } from "../../bridge.ts";
import { toJson } from "../json-output.ts";
import { type DialFlags, declareDialOptions, dialOptions } from "../network-options.ts";
import { oneOf, parseSocketMode, seconds, wholeNumber } from "../option-parsers.ts";
import { Progress } from "../progress.ts";
import { listenForStop } from "../signals.ts";
import { checkedName } from "../source-options.ts";

interface BridgeFlags extends DialFlags {
  name?: string;
  mode: "mailbox" | "fifo" | "broadcast";
  fifoLength?: number;
  capacity?: number;
  maxWait?: number;
  onStall?: "evict" | "overwrite";
  wait?: number;
  socketMode?: number;
  runtimeDir?: string;
  quiet: boolean;
  json: boolean;
}

const modeNames = ["mailbox", "fifo", "broadcast"] as const;
const jsonIntervalMs = 500;

const examples = `
Examples:
  edgestream bridge tcp://192.0.2.7:8888/cam1 --token-file cam1.token
  edgestream bridge tls://cam.local:8443/cam1 --name door --tls-ca ca.pem
  edgestream pull cam1 --as y4m --out - | ffplay -

One link carries each frame once, into memory that all local consumers share. The bridge waits for the remote stream,
and looks for it again when it is lost; local consumers stay connected meanwhile.
--mode is that of the link. broadcast (the default) loses nothing while the link keeps up, and the remote producer never
waits for it; fifo never loses a frame, and a slow link or a slow local fifo consumer slows the remote producer down;
mailbox carries the newest frame only.
Exit codes: 0 the program was asked to stop; 1 it failed: the token, TLS, a name that is taken, nothing there within
--wait; 2 wrong options.`;

export function addBridgeCommand(program: Command): void {
  const command = program
    .command("bridge")
    .description("offer a stream of another host on this one")
    .argument("<address>", "tcp://host:port/name, tls://…, ws://…, wss://…")
    .option("--name <name>", "of the local stream (default: the remote one's)", checkedName)
    .option("--mode <mode>", `of the link: one of ${modeNames.join(", ")}`, oneOf("--mode", modeNames), "broadcast")
    .option("--fifo-length <n>", "fifo: waiting frames", wholeNumber("--fifo-length", 1, 128))
    .option("--capacity <n>", "broadcast: waiting frames", wholeNumber("--capacity", 1, 128))
    .option("--max-wait <ms>", "fifo: how long it may hold up the producer", wholeNumber("--max-wait", 0, 3_600_000))
    .addOption(new Option("--on-stall <what>", "fifo: what happens then").choices(["evict", "overwrite"]))
    .option("--wait <seconds>", "how long the remote stream may take to appear (default: for ever)", seconds("--wait"));
  declareDialOptions(command)
    .option("--socket-mode <octal>", "who may connect here, such as 0660 (default 0600)", parseSocketMode)
    .option("--runtime-dir <path>", "where the local socket is made")
    .option("--quiet", "no progress", false)
    .option("--json", "one JSON object per line on stdout: started, connected, progress, disconnected, ended", false)
    .addHelpText("after", examples)
    .action(async (address: string, flags: BridgeFlags) => runBridge(address, flags));
}

async function runBridge(address: string, flags: BridgeFlags): Promise<void> {
  const options = bridgeOptions(flags);
  const stop = listenForStop();
  try {
    await using bridge = await startBridge(address, options);
    using report = new BridgeReport(bridge, address, flags);
    const ended = Promise.race([bridge.ended, aborted(stop.signal)]);
    if (flags.wait !== undefined) {
      const first = bridge.connected({ timeoutMs: Math.round(flags.wait * 1000), signal: stop.signal });
      await Promise.race([first, ended]).catch(unlessStopped(stop.signal));
    }
    await ended;
    report.end();
  } finally {
    stop.dispose();
  }
}

function unlessStopped(signal: AbortSignal): (error: unknown) => void {
  return (error) => {
    if (!signal.aborted) throw error;
  };
}

/** Resolves when it fires. */
function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

function bridgeOptions(flags: BridgeFlags): BridgeOptions {
  const local = {
    ...(flags.socketMode !== undefined && { socketMode: flags.socketMode }),
    ...(flags.runtimeDir !== undefined && { runtimeDir: flags.runtimeDir }),
  };
  return {
    ...dialOptions(flags),
    mode: flags.mode,
    ...(flags.name !== undefined && { name: flags.name }),
    ...(flags.fifoLength !== undefined && { fifoLength: flags.fifoLength }),
    ...(flags.capacity !== undefined && { capacity: flags.capacity }),
    ...(flags.maxWait !== undefined && { maxWaitMs: flags.maxWait }),
    ...(flags.onStall !== undefined && { onStall: flags.onStall }),
    local,
  };
}

type Snapshot = BridgeStats & { consumers: number };

/** What is said while it runs. */
class BridgeReport implements Disposable {
  readonly #bridge: Bridge;
  readonly #json: boolean;
  readonly #progress: Progress<Snapshot>;
  /** One failed attempt after the other says the same. */
  #lastRetry = "";

  constructor(bridge: Bridge, address: string, flags: BridgeFlags) {
    this.#bridge = bridge;
    this.#json = flags.json;
    const name = bridge.stream.name ?? "";
    this.#progress = new Progress<Snapshot>({
      name,
      read: () => this.#snapshot(),
      details,
      stream: flags.quiet || flags.json ? undefined : process.stderr,
      onTick: (snapshot, framesPerSecond) => this.#emit("progress", { framesPerSecond, ...snapshot }),
      ...(flags.json && { intervalMs: jsonIntervalMs }),
    });
    this.#progress.say(`${address} is offered here; read it with: edgestream pull ${name}`);
    this.#emit("started", { name, address });
    this.#listen();
  }

  end(): void {
    this.#emit("ended", { seconds: this.#progress.seconds, ...this.#snapshot() });
    this.#progress.stop();
  }

  [Symbol.dispose](): void {
    this.#progress.dispose();
  }

  #listen(): void {
    const say = (text: string) => this.#progress.say(text);
    for (const event of ["connected", "reconnected"] as const) {
      this.#bridge.on(event, (link) => {
        this.#lastRetry = "";
        say(`${event} to ${link.peer}${link.epoch === 0n ? ", which has no producer yet" : ""}`);
        this.#emit(event, link);
      });
    }
    this.#bridge.on("disconnected", (end) => {
      say(`the link is over: ${end.cause}${end.reason === "" ? "" : `, ${end.reason}`}`);
      this.#emit("disconnected", end);
    });
    this.#bridge.on("retry", ({ error }) => {
      if (error.message === this.#lastRetry) return;
      this.#lastRetry = error.message;
      say(`${error.message}; trying again`);
      this.#emit("retry", { reason: error.message });
    });
  }

  #snapshot(): Snapshot {
    const stats = this.#bridge.stats();
    return { ...stats, consumers: stats.local?.connections.length ?? 0 };
  }

  #emit(event: string, more: object): void {
    if (this.#json) process.stdout.write(`${toJson({ event, ...more })}\n`);
  }
}

function details({ consumers, skipped, missed, link }: Snapshot): string[] {
  const people = `${consumers} ${consumers === 1 ? "consumer" : "consumers"}`;
  const way = link === undefined ? "no link" : `round trip ${milliseconds(link.roundTrip)}`;
  return [people, `${skipped} skipped`, `${missed} missed`, way];
}

const milliseconds = (ns: bigint | undefined) => (ns === undefined ? "unknown" : `${(Number(ns) / 1e6).toFixed(2)} ms`);
