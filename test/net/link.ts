/** What joins two partitions: a cable, or a bad link that is emulated; and how either is interrupted. */
import { type Child, runNative } from "../programs/child.ts";
import { nativeProgram } from "../programs/native-program.ts";
import { type Address, addressesOf, obstacle, Partition } from "./partitions.ts";

/** One end of a link: where to run a program, and the address that the other end knows it by. */
export interface End extends Address {
  partition: Partition;
}

export interface Link {
  readonly left: End;
  readonly right: End;
  /** The cable comes out, for both ends to see. Connections do not end by that. */
  unplug(): Promise<void>;
  plug(): Promise<void>;
  /** Ends both partitions. Programs inside must have ended. */
  close(): Promise<void>;
}

const device = "link0";

async function startEnds(number: number): Promise<[left: End, right: End]> {
  const [left, right] = addressesOf(number);
  return [
    { ...left, partition: await Partition.start() },
    { ...right, partition: await Partition.start() },
  ];
}

/** Two partitions joined by a veth pair: as fast as it goes, nothing is lost. */
export class Cable implements Link {
  readonly left: End;
  readonly right: End;

  private constructor(left: End, right: End) {
    this.left = left;
    this.right = right;
  }

  static async lay(): Promise<Cable> {
    const [left, right] = await startEnds(0);
    const peer = ["peer", "name", device, "netns", String(right.partition.pid)];
    left.partition.command("ip", "link", "add", device, "type", "veth", ...peer);
    for (const end of [left, right]) end.partition.configure(device, end);
    return new Cable(left, right);
  }

  /** The left end loses its carrier; the right one, which has to do it, sees its own device down. */
  async unplug(): Promise<void> {
    this.right.partition.command("ip", "link", "set", device, "down");
  }

  async plug(): Promise<void> {
    this.right.partition.command("ip", "link", "set", device, "up");
  }

  async close(): Promise<void> {
    await Promise.all([this.left.partition.close(), this.right.partition.close()]);
  }
}

/** What holds in each direction. */
export interface Figures {
  /** @default 0 */
  delayMs?: number;
  /** A packet takes up to so much less or more. @default 0 @maximum delayMs */
  jitterMs?: number;
  /** @default 0 */
  lossPercent?: number;
  /** @default no limit */
  rateMbit?: number;
  /** What may wait to be sent at that rate; more is dropped. @default 262144 */
  queueBytes?: number;
  /** Jitter lets packets overtake each other. @default false */
  reorder?: boolean;
}

/** taken = packets + lost + cut + dropped + underWay. */
export interface DirectionStats {
  /** That came in. */
  taken: number;
  /** That arrived, and their bytes. */
  packets: number;
  bytes: number;
  /** At random. */
  lost: number;
  /** By a cut, or because the cable was out. */
  cut: number;
  /** Because the queue was full. */
  dropped: number;
  underWay: number;
}

export interface LinkStats {
  leftToRight: DirectionStats;
  rightToLeft: DirectionStats;
}

const program = nativeProgram("link_emulator");

/** Why there can be no partitions, or no emulator; as `obstacle` of partitions.ts. */
export function linkObstacle(): string | undefined {
  const why = obstacle() ?? (program === undefined ? "link_emulator is not built" : undefined);
  if (why !== undefined && process.env.CI) throw new Error(`CI has all that links need, but: ${why}`);
  if (why !== undefined) console.log(`skipped: links between partitions: ${why}`);
  return why;
}

/** Two partitions joined by link_emulator.c. */
export class EmulatedLink implements Link {
  readonly left: End;
  readonly right: End;
  readonly emulator: Child;

  private constructor(left: End, right: End, emulator: Child) {
    this.left = left;
    this.right = right;
    this.emulator = emulator;
  }

  static async start(figures: Figures): Promise<EmulatedLink> {
    if (program === undefined) throw new Error("link_emulator is not built");
    const [left, right] = await startEnds(1);
    const places = [left.partition.path, right.partition.path];
    const emulator = runNative(program, [...optionsOf(figures), "--device", device, ...places], {
      watchdogMs: 900_000,
    });
    await emulator.line("ready");
    for (const end of [left, right]) end.partition.configure(device, end);
    return new EmulatedLink(left, right, emulator);
  }

  /** Nothing arrives for so long, and nobody is told. Resolves when that is over. */
  async cut(ms: number): Promise<void> {
    this.emulator.tell(`cut ${ms}`);
    await this.emulator.line("mended");
  }

  async unplug(): Promise<void> {
    this.emulator.tell("down");
    await this.emulator.line("down");
  }

  async plug(): Promise<void> {
    this.emulator.tell("up");
    await this.emulator.line("up");
  }

  async stats(): Promise<LinkStats> {
    this.emulator.tell("stats");
    return (await this.emulator.line("stats")) as unknown as LinkStats;
  }

  async close(): Promise<void> {
    this.emulator.process.stdin?.end();
    await this.emulator.exit;
    await Promise.all([this.left.partition.close(), this.right.partition.close()]);
  }
}

function optionsOf(figures: Figures): string[] {
  const { delayMs = 0, jitterMs = 0, lossPercent = 0, rateMbit = 0, queueBytes = 262_144, reorder = false } = figures;
  const options = [`--delay-ms=${delayMs}`, `--jitter-ms=${jitterMs}`, `--loss-percent=${lossPercent}`];
  options.push(`--rate-mbit=${rateMbit}`, `--queue-bytes=${queueBytes}`);
  return reorder ? [...options, "--reorder"] : options;
}
