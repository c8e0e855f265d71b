/** The links that other tests run over are what they say: seen by plain sockets, without edgestream. */
import { readdirSync, readlinkSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { afterEach, describe, expect, test } from "vitest";
import { Cable, type DirectionStats, EmulatedLink, type Link, linkObstacle } from "../net/link.ts";
import { closePartitions } from "../net/partitions.ts";
import { type Child, endChildren, type Line, run, runNative, until } from "../programs/child.ts";
import { nativeProgram } from "../programs/native-program.ts";

const noLinks = linkObstacle();

afterEach(async () => {
  await endChildren();
  await closePartitions();
});

/** An echo server at the right end, and how to ask it from the left one. */
async function echo(link: Link, family: "ip4" | "ip6" = "ip4") {
  const server = run("echo.mjs", { role: "server" }, { wrapper: link.right.partition.wrapper });
  const { port } = await server.line("listening");
  return {
    ask(role: string, fields: object): Child {
      const order = { role, host: link.right[family], port, ...fields };
      return run("echo.mjs", order, { wrapper: link.left.partition.wrapper });
    },
    async close(): Promise<void> {
      server.process.stdin?.end();
      await server.ended();
    },
  };
}

async function outcome(client: Child): Promise<Line> {
  const done = await client.line("done");
  await client.ended();
  return done;
}

function addsUp({ taken, packets, lost, cut, dropped, underWay }: DirectionStats): boolean {
  return taken === packets + lost + cut + dropped + underWay;
}

/** Processes in the network namespace of an id such as net:[4026532177]. */
function processesIn(namespace: string): string[] {
  return readdirSync("/proc").filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readlinkSync(`/proc/${pid}/ns/net`) === namespace;
    } catch {
      return false; // it ended while we looked
    }
  });
}

describe.skipIf(noLinks !== undefined)("a cable", () => {
  test("joins two partitions, which have no other way out", async () => {
    const cable = await Cable.lay();
    for (const family of ["ip4", "ip6"] as const) {
      const server = await echo(cable, family);
      const { received, isWhole } = await outcome(server.ask("transfer", { bytes: 4_000_000 }));
      expect({ received, isWhole }).toEqual({ received: 4_000_000, isWhole: true });
      await server.close();
    }
    const routes = cable.left.partition.command("ip", "route");
    expect(routes).toMatch(/^10\.77\.0\.0\/24 dev link0 .*\n$/);
  });

  test("that is unplugged for a second costs no connection", async () => {
    const cable = await Cable.lay();
    const server = await echo(cable);
    const client = server.ask("transfer", { bytes: 100_000_000 });
    await client.line("begun");
    await cable.unplug();
    expect(cable.left.partition.command("ip", "link", "show", "link0")).toContain("NO-CARRIER");
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(client.running).toBe(true);
    await cable.plug();
    expect(await outcome(client)).toMatchObject({ received: 100_000_000, isWhole: true });
    await server.close();
  });
});

describe.skipIf(noLinks !== undefined)("an emulated link", () => {
  test("takes its delay each way", async () => {
    const link = await EmulatedLink.start({ delayMs: 30, jitterMs: 10 });
    for (const family of ["ip4", "ip6"] as const) {
      const server = await echo(link, family);
      const { minMs, maxMs } = await outcome(server.ask("pings", { count: 20 }));
      console.log(
        `  30 ± 10 ms each way: a round trip took ${Number(minMs).toFixed(1)} to ${Number(maxMs).toFixed(1)} ms`,
      );
      expect(minMs).toBeGreaterThanOrEqual(40);
      expect(maxMs).toBeGreaterThanOrEqual(50); // of 20 times twice -10 to 10 ms, one at least is not below -10
      await server.close();
    }
  });

  test("carries no more than its rate, drops what its queue has no room for, and corrupts nothing", async () => {
    const bytes = 3_000_000;
    const link = await EmulatedLink.start({ delayMs: 2, rateMbit: 16, queueBytes: 20_000 });
    const server = await echo(link);
    const { received, isWhole, seconds } = await outcome(server.ask("transfer", { bytes }));
    const mbit = (bytes * 8) / 1e6 / Number(seconds);
    const { leftToRight, rightToLeft } = await link.stats();
    console.log(
      `  16 Mbit/s: ${mbit.toFixed(1)} Mbit/s, ${leftToRight.dropped} of ${leftToRight.taken} packets dropped`,
    );
    expect({ received, isWhole }).toEqual({ received: bytes, isWhole: true });
    expect(mbit).toBeLessThanOrEqual(16);
    expect(leftToRight.dropped).toBeGreaterThan(0);
    expect(leftToRight.bytes).toBeGreaterThan(bytes);
    expect([addsUp(leftToRight), addsUp(rightToLeft)]).toEqual([true, true]);
    await server.close();
  });

  test("loses packets at random, and TCP none of its bytes", async () => {
    const link = await EmulatedLink.start({ lossPercent: 3, delayMs: 1 });
    const server = await echo(link);
    const { received, isWhole } = await outcome(server.ask("transfer", { bytes: 3_000_000 }));
    expect({ received, isWhole }).toEqual({ received: 3_000_000, isWhole: true });
    const { leftToRight, rightToLeft } = await link.stats();
    console.log(`  3 %: ${leftToRight.lost} of ${leftToRight.taken} packets lost, back ${rightToLeft.lost}`);
    for (const way of [leftToRight, rightToLeft]) {
      expect(way.lost).toBeGreaterThan(0);
      expect(way.lost).toBeLessThan(way.taken / 10);
      expect(addsUp(way)).toBe(true);
    }
    await server.close();
  });

  test("lets packets overtake each other only when asked to", async () => {
    for (const reorder of [false, true]) {
      const link = await EmulatedLink.start({ delayMs: 20, jitterMs: 20, reorder });
      const server = await echo(link);
      const { received, overtaken } = await outcome(server.ask("datagrams", { count: 100 }));
      console.log(`  reorder ${reorder}: ${overtaken} of ${received} datagrams came behind a later one`);
      expect(received).toBe(100);
      if (reorder) expect(overtaken).toBeGreaterThan(0);
      else expect(overtaken).toBe(0);
      await server.close();
      await link.close();
    }
  });

  test("that is cut for a second loses packets, and the connection goes on", async () => {
    const link = await EmulatedLink.start({ delayMs: 5, rateMbit: 40 });
    const server = await echo(link);
    const client = server.ask("transfer", { bytes: 5_000_000 });
    await client.line("begun");
    await link.cut(1000);
    expect(client.running).toBe(true);
    const { received, isWhole, seconds } = await outcome(client);
    expect({ received, isWhole }).toEqual({ received: 5_000_000, isWhole: true });
    expect(seconds).toBeGreaterThanOrEqual(1);
    const { leftToRight, rightToLeft } = await link.stats();
    console.log(`  cut for 1 s: ${leftToRight.cut} packets there, ${rightToLeft.cut} back`);
    expect(leftToRight.cut).toBeGreaterThan(0);
    expect(leftToRight.lost + rightToLeft.lost).toBe(0);
    await server.close();
  });

  test("that is unplugged shows it to both ends, and the connection goes on", async () => {
    const link = await EmulatedLink.start({ rateMbit: 100 });
    const server = await echo(link, "ip6");
    const client = server.ask("transfer", { bytes: 5_000_000 });
    await client.line("begun");
    await link.unplug();
    const shown = (end: "left" | "right") => link[end].partition.command("ip", "link", "show", "link0");
    for (const end of ["left", "right"] as const) expect(shown(end)).toContain("NO-CARRIER");
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(client.running).toBe(true);
    await link.plug();
    for (const end of ["left", "right"] as const) expect(shown(end)).not.toContain("NO-CARRIER");
    expect(await outcome(client)).toMatchObject({ received: 5_000_000, isWhole: true });
    await server.close();
  });
});

describe.skipIf(noLinks !== undefined)("nothing is left", () => {
  test("when the pipes of a link close, which is all that a killed test does", async () => {
    const interfaces = Object.keys(networkInterfaces());
    const link = await EmulatedLink.start({});
    const cable = await Cable.lay();
    const ends = [link.left, link.right, cable.left, cable.right];
    const namespaces = ends.map(({ partition }) => readlinkSync(partition.path));
    expect(new Set([...namespaces, readlinkSync("/proc/self/ns/net")]).size).toBe(5);
    for (const namespace of namespaces) expect(processesIn(namespace)).toHaveLength(1);
    await link.close();
    await cable.close();
    expect(link.emulator.process.exitCode).toBe(0);
    for (const namespace of namespaces) expect(processesIn(namespace)).toEqual([]);
    expect(Object.keys(networkInterfaces())).toEqual(interfaces);
  });

  test("of an emulator that loses one of its devices", async () => {
    const link = await EmulatedLink.start({});
    link.right.partition.command("ip", "link", "delete", "link0");
    expect((await link.emulator.exit).code).toBe(1);
    expect(link.emulator.stderr).toContain("reading a tun device");
    await until("the other device is gone", () => {
      return !link.left.partition.command("ip", "link").includes("link0");
    });
  });
});

describe.skipIf(noLinks !== undefined)("link_emulator", () => {
  const emulator = (...args: string[]) => runNative(nativeProgram("link_emulator") as string, args);

  test("says how it is used", async () => {
    const { exit, process } = emulator("--help");
    let text = "";
    process.stdout?.on("data", (part) => (text += part));
    expect((await exit).code).toBe(0);
    expect(text).toContain("--loss-percent N");
  });

  const places = ["/proc/self/ns/net", "/proc/self/ns/net"];
  test.each([
    ["no namespace", [], 2, "usage:"],
    ["a path that is none", ["/dev/null", "/dev/null"], 1, "entering /dev/null"],
    ["a loss of more than all", ["--loss-percent=101", ...places], 2, 'from 0 to 100, not "101"'],
    ["no number", ["--delay-ms=nan", ...places], 2, 'from 0 to 60000, not "nan"'],
    ["a jitter above the delay", ["--delay-ms=5", "--jitter-ms=6", ...places], 2, "larger than --delay-ms"],
    ["an option it does not have", ["--delay", "5", "--speed=3", ...places], 2, "usage:"],
    ["a device's name that is too long", ["--device=abcdefghijklmnop", ...places], 2, "1 to 15 bytes"],
  ])("refuses %s", async (_what, args, code, text) => {
    const child = emulator(...args);
    expect((await child.exit).code).toBe(code);
    expect(child.stderr).toContain(text);
  });

  test("refuses a command that it does not know", async () => {
    const link = await EmulatedLink.start({});
    link.emulator.tell("slower");
    expect((await link.emulator.exit).code).toBe(2);
    expect(link.emulator.stderr).toContain("no such command");
  });
});
