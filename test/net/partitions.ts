/**
 * Partitions: programs in a network namespace of their own, so that nothing but a link leads from one to the other. A
 * namespace lives as long as a process in it, and the one that holds it ends with the pipe to this process: even a test
 * that is killed leaves nothing behind.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants } from "node:fs";

const holder = "ip link set lo up && echo ready && exec cat";
const open = new Set<Partition>();

/** What two partitions know each other by. */
export interface Address {
  ip4: string;
  ip6: string;
}

export class Partition {
  readonly #holder: ChildProcess;

  private constructor(process: ChildProcess) {
    this.#holder = process;
    open.add(this);
  }

  static async start(): Promise<Partition> {
    const process = spawn("unshare", ["--net", "sh", "-c", holder], { stdio: ["pipe", "pipe", "inherit"] });
    const ended = once(process, "exit").then(([code]) => {
      throw new Error(`no network namespace: unshare --net ended with ${code}`);
    });
    ended.catch(() => {}); // later on it is close() that ends it
    await Promise.race([once(process.stdout, "data"), ended]);
    return new Partition(process);
  }

  /** The process that holds it. */
  get pid(): number {
    return this.#holder.pid as number;
  }

  /** The namespace's path. */
  get path(): string {
    return `/proc/${this.pid}/ns/net`;
  }

  /** Put in front of a command that is to run inside; the process stays the one that was started. */
  get wrapper(): readonly string[] {
    return ["nsenter", `--net=${this.path}`];
  }

  /** Runs a command inside to its end; what it printed. */
  command(...command: readonly string[]): string {
    const [program, ...args] = [...this.wrapper, ...command];
    const { status, error, stdout, stderr } = spawnSync(program as string, args, { encoding: "utf8" });
    if (status === 0) return stdout;
    throw error ?? new Error(`${command.join(" ")} ended with ${status}: ${stderr.trim()}`);
  }

  /** Gives a device its addresses and switches it on. They outlive the time that it is down. */
  configure(device: string, { ip4, ip6 }: Address): void {
    this.command("sh", "-c", `echo 1 > /proc/sys/net/ipv6/conf/${device}/keep_addr_on_down`);
    this.command("ip", "address", "add", `${ip4}/24`, "dev", device);
    this.command("ip", "address", "add", `${ip6}/64`, "dev", device, "nodad");
    this.command("ip", "link", "set", device, "up");
  }

  /** Ends the namespace as the end of this process would. Programs that still run inside keep it. */
  async close(): Promise<void> {
    open.delete(this);
    if (this.#holder.exitCode !== null || this.#holder.signalCode !== null) return;
    const exit = once(this.#holder, "exit");
    this.#holder.stdin?.destroy();
    await exit;
  }
}

/** Ends what a failed test left; programs inside must have ended, see `endChildren`. For `afterEach`. */
export async function closePartitions(): Promise<void> {
  await Promise.all([...open].map((partition) => partition.close()));
}

/** The two ends of link `number`, 0 to 255, which makes their subnets. */
export function addressesOf(number: number): [left: Address, right: Address] {
  const end = (host: number) => ({ ip4: `10.77.${number}.${host}`, ip6: `fd77:0:0:${number.toString(16)}::${host}` });
  return [end(1), end(2)];
}

/** undefined when this system lets us make partitions; else why not, which is an error in CI: it has all of it. */
export function obstacle(): string | undefined {
  const why = whatIsMissing();
  if (why !== undefined && process.env.CI) throw new Error(`CI can make partitions, but: ${why}`);
  return why;
}

function whatIsMissing(): string | undefined {
  const { status, error, stderr } = spawnSync("unshare", ["--net", "ip", "link", "set", "lo", "up"], {
    encoding: "utf8",
  });
  if (status !== 0) return `unshare --net: ${error?.message ?? stderr.trim()}`;
  const { status: entered } = spawnSync("nsenter", ["--net=/proc/self/ns/net", "true"]);
  if (entered !== 0) return "nsenter cannot enter a network namespace";
  try {
    accessSync("/dev/net/tun", constants.R_OK | constants.W_OK);
  } catch (cause) {
    return (cause as Error).message;
  }
  return undefined;
}
