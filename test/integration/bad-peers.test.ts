/** What strangers and evil consumers do to a stream of Node: nothing. A witness counts every frame meanwhile. */
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { type Child, endChildren, makeRuntimeDir, removeRuntimeDirs, runNative, until } from "../programs/child.ts";
import { nativeProgram } from "../programs/native-program.ts";
import type { ChildSource } from "../programs/remote-source.ts";
import { complete, dismiss, listen, reportOf, startSink } from "./crowd.ts";

const frame = { format: "NV12", width: 320, height: 240 } as const;
const attacker = nativeProgram("attacker");
const hostile = nativeProgram("hostile_consumer");

afterEach(endChildren);
afterAll(removeRuntimeDirs);

interface Scene {
  source: ChildSource;
  socket: string;
  /** Ends the stream; throws when the witness missed anything. Returns how many frames it counted. */
  end(): Promise<number>;
}

/** A producer that posts 200 frames per second, and a FIFO consumer that checks each of them. */
async function openScene(): Promise<Scene> {
  const runtimeDir = makeRuntimeDir();
  const source = await listen({ name: "target", runtimeDir, frame });
  await source.paint("plain"); // hostile_consumer looks at the pixels, too
  const consumer = { mode: "fifo", fifoLength: 16, client: "witness" } as const;
  const witness = startSink("target", runtimeDir, { consumer, paint: "plain" });
  await until("the witness is seated", async () => (await source.stats()).connections[0]?.state === "empty");
  const running = source.run(1_000_000, 200);
  running.catch(() => {}); // end() awaits it; a test that fails earlier has its own news
  const end = async () => {
    await source.halt();
    const { frames } = await running;
    await source.closeInput();
    expect(await reportOf(witness)).toEqual(complete(frames));
    await dismiss(source);
    return frames;
  };
  return { source, socket: join(runtimeDir, "target.sock"), end };
}

/** Descriptors of the producer's process, without those of a pool that grew. */
async function ownFds(source: ChildSource): Promise<number> {
  return (await source.resources()).fds - (await source.stats()).pool.memoryObjects;
}

async function textOf(child: Child): Promise<string[]> {
  const lines: string[] = [];
  child.exit.catch(() => {});
  for (;;) {
    try {
      lines.push(String((await child.line("text")).text));
    } catch {
      return lines; // it ended
    }
  }
}

describe.skipIf(attacker === undefined)("strangers", () => {
  const attacks = [
    ["garbage", "200"],
    ["truncated", "200"],
    ["wrong-version", "20"],
    ["huge-length", "20"],
    ["bad-policy", "60"],
    ["half-hello-then-die", "100"],
    ["fd-bomb", "20"],
    ["silent", "1"],
    ["hello-then-never-attach", "1"],
  ] as const;

  test("broken hand-shakes of every kind disturb nobody", async () => {
    const { source, socket, end } = await openScene();
    const before = await ownFds(source);
    const outcome = async ([attack, count]: (typeof attacks)[number]) => {
      const child = runNative(attacker ?? "", [socket, attack, count], { watchdogMs: 60_000 });
      const said = await textOf(child);
      await child.ended();
      return { attack, count: Number(count), said };
    };
    const outcomes = await Promise.all(attacks.map(outcome));
    const table: string[] = [];
    for (const { attack, count, said } of outcomes) {
      const answers = new Map<string, number>();
      for (const line of said) {
        const answer = line.split(" ").slice(0, 2).join(" ");
        answers.set(answer, (answers.get(answer) ?? 0) + 1);
      }
      table.push(`  ${attack} x ${count}: ${[...answers].map(([answer, times]) => `${answer} x ${times}`).join(", ")}`);
    }
    const answersTo = (name: string) => outcomes.find(({ attack }) => attack === name)?.said ?? [];
    for (const name of ["garbage", "truncated", "wrong-version", "huge-length"]) {
      expect(answersTo(name).length).toBeGreaterThan(0);
      for (const answer of answersTo(name)) expect(answer).toMatch(/^(refused ERR_BAD_PROTOCOL |closed|not sent)/);
    }
    expect(answersTo("wrong-version")[0]).toMatch(/speaks protocol/);
    await until("only the witness is left", async () => (await source.stats()).connections.length === 1);
    await until("every descriptor is back", async () => (await ownFds(source)) <= before);
    const refused = (await source.events()).filter(
      ({ name, code }) => name === "refused" && code === "ERR_BAD_PROTOCOL",
    );
    expect(refused.length).toBeGreaterThan(0);
    console.log(`${table.join("\n")}\n  the witness counted ${await end()} frames, none missing`);
  }, 120_000);

  test("1000 connections that say nothing disturb nobody, and leave nothing behind", async () => {
    const { source, socket, end } = await openScene();
    const before = await source.resources();
    const flood = runNative(attacker ?? "", [socket, "flood", "1000"], { watchdogMs: 60_000 });
    let most = 0;
    const watching = until(
      "the flood is over",
      async () => {
        most = Math.max(most, (await source.resources()).fds);
        return !flood.running;
      },
      60_000,
    );
    const said = await textOf(flood);
    await flood.ended();
    await watching;
    const more = most - before.fds;
    expect(more).toBeLessThan(200); // it keeps few of those who say nothing
    await until("every descriptor is back", async () => (await source.resources()).fds <= before.fds);
    console.log(`  ${said.join(" ")}; the producer had at most ${more} descriptors more`);
    console.log(`  the witness counted ${await end()} frames, none missing`);
  }, 120_000);
});

describe.skipIf(hostile === undefined)("a consumer that breaks the rules", () => {
  const acts = [
    "write-pixels",
    "write-descriptor",
    "make-pool-writable",
    "write-to-pool",
    "truncate",
    "scribble",
    "punch-page",
    "mark-illegally",
    "free-places",
    "hold-for-ever",
    "hold-too-many",
    "never-read-wakes",
    "close-wake-socket",
    "flood-signals",
    "talk-nonsense",
    "stop",
  ];

  test("harms nobody but itself, whatever it does", async () => {
    const { source, socket, end } = await openScene();
    const before = await ownFds(source);
    const table: string[] = [];
    for (const act of acts) {
      const child = runNative(hostile ?? "", [socket, act], { watchdogMs: 30_000 });
      const said = await textOf(child);
      await child.ended(); // 0: the system or the producer answered as documented
      table.push(`  ${said.join(" ")}`);
    }
    await until("its slots are back", async () => (await source.stats()).connections.length === 1);
    await until("every descriptor is back", async () => (await ownFds(source)) <= before);
    const causes = new Map<string, number>();
    for (const { name, from, cause } of await source.events()) {
      if (name !== "disconnected" || from !== "producer") continue;
      causes.set(cause ?? "", (causes.get(cause ?? "") ?? 0) + 1);
    }
    table.push(`  the producer saw: ${[...causes].map(([cause, times]) => `${cause} x ${times}`).join(", ")}`);
    expect(causes.get("evicted-violation")).toBeGreaterThan(0);
    console.log(`${table.join("\n")}\n  the witness counted ${await end()} frames, none missing`);
  }, 150_000);
});
