/**
 * The C++ core without Node: builds the native tests (plain, address and undefined-behaviour sanitizer, thread
 * sanitizer), runs them, and lets bad peers at a producer that a witness watches. Needs cmake and a C++ compiler.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SteadyProducer } from "./steady.ts";
import { buildTimeoutMs, make, program, run, type Tree } from "./trees.ts";

const testTimeoutMs = 60_000;

/** What a core_test run printed beside the passed tests: the failed ones with their reasons. */
async function failures(tree: Tree): Promise<string[]> {
  const { code, output } = await run(program(tree, "core_test"), []);
  const lines = output.trimEnd().split("\n");
  expect(lines.at(-1)).toMatch(/^[1-9]\d* passed, \d+ skipped, \d+ failed$/);
  const failed = lines.filter((line, index) => line.startsWith("FAILED") || lines[index + 1]?.startsWith("FAILED"));
  if (code !== 0 && failed.length === 0) return [output];
  return failed;
}

beforeAll(async () => {
  await make("plain", "core_test", "attacker", "steady_producer", "hostile_consumer", "link_emulator");
  await make("address", "core_test");
  await make("thread", "core_test");
}, buildTimeoutMs);

describe("core_test", () => {
  test("every rule of the core holds", { timeout: testTimeoutMs }, async () => {
    expect(await failures("plain")).toEqual([]);
  });

  test("… without an invalid access, a leak or undefined behaviour", { timeout: testTimeoutMs }, async () => {
    expect(await failures("address")).toEqual([]);
  });

  test("… without a data race", { timeout: 2 * testTimeoutMs }, async () => {
    expect(await failures("thread")).toEqual([]);
  });
});

describe("bad peers at a stream with a witness", () => {
  let steady: SteadyProducer;
  let socket: string;
  let descriptors: number;

  beforeAll(async () => {
    steady = new SteadyProducer();
    socket = await steady.line();
    await steady.calm();
    descriptors = steady.descriptors();
  }, testTimeoutMs);
  afterAll(() => steady.kill());

  const answers: [attack: string, count: number, answer: RegExp][] = [
    ["garbage", 20, /^refused ERR_BAD_PROTOCOL the peer does not speak edgestream$/],
    [
      "truncated",
      20,
      /^refused ERR_BAD_PROTOCOL (a message says it has 200 bytes but has \d+|the peer does not speak)/,
    ],
    ["wrong-version", 6, /^refused ERR_BAD_PROTOCOL the peer speaks protocol \d+ to \d+, this side \d+ to \d+; update/],
    ["huge-length", 6, /^refused ERR_BAD_PROTOCOL (a message says it has 4294967280|a message of more than 65536) /],
    ["half-hello-then-die", 50, /^gone$/],
    [
      "fd-bomb",
      20,
      /^(refused ERR_BAD_PROTOCOL a message of more than 65536 bytes or 4 desc|the kernel turned the sen)/,
    ],
    [
      "bad-policy",
      6,
      /^refused (ERR_BAD_PARAMETER the policy asked for is out of range|ERR_BAD_PROTOCOL unknown kind) /,
    ],
    ["silent", 1, /^closed$/],
    ["hello-then-never-attach", 1, /^(welcome|closed)$/],
    ["flood", 1000, /^opened 1000, /],
  ];

  test.each(answers)("attack %s is turned away", { timeout: testTimeoutMs }, async (attack, count, answer) => {
    const { code, output } = await run(program("plain", "attacker"), [socket, attack, String(count)]);
    const lines = output.trimEnd().split("\n");
    expect(lines.length).toBeGreaterThanOrEqual(attack === "flood" ? 1 : count);
    for (const line of lines) expect(line).toMatch(answer);
    expect(code).toBe(0);
    await steady.calm();
    // The pool may have grown for one that got a seat, once; every other descriptor is closed again.
    expect(steady.descriptors()).toBeLessThanOrEqual(descriptors + 1);
  });

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

  test.each(acts)("a consumer that tries %s fails or harms only itself", { timeout: testTimeoutMs }, async (act) => {
    const { code, output } = await run(program("plain", "hostile_consumer"), [socket, act]);
    expect(output).toContain(`${act}: as documented`);
    expect(code).toBe(0);
    await steady.calm();
    expect(steady.descriptors()).toBeLessThanOrEqual(descriptors + 1);
  });

  test("the witness missed nothing, no post was held up, the producer was idle most of the time", async () => {
    const status = await steady.status();
    expect(status.stalled).toBe(0);
    expect(status.heldUp).toBe(0);
    expect(status.processorMs).toBeLessThan(status.frames * 5 * 0.5);
    const { code, witness } = await steady.end();
    expect(witness).toMatchObject({ witness: "ended" });
    expect(witness.frames).toBeGreaterThanOrEqual(status.frames);
    expect(code).toBe(0);
  });
});
