/** What the thread sanitizer says of a seat, and whether it would say anything. */
import { beforeAll, describe, expect, test } from "vitest";
import { buildTimeoutMs, make, program, run } from "./trees.ts";

const seconds = process.env["EDGESTREAM_LONG"] === "1" ? 120 : 8;
const testTimeoutMs = 60_000;

beforeAll(() => make("thread", "stress", "stress_weakened"), buildTimeoutMs);

describe("a producer and its consumers as threads on one mapping", () => {
  const long = { timeout: testTimeoutMs + seconds * 1000 };
  test("every policy delivers whole frames in order, alone and among others, without a data race", long, async () => {
    const { code, output } = await run(program("thread", "stress"), [String(seconds)]);
    expect(output).not.toContain("WARNING");
    expect(output).toContain("all frames whole, all counters add up");
    expect(code).toBe(0);
  });

  test("the control, which writes to held slots, is reported as a race", { timeout: testTimeoutMs }, async () => {
    const { code, output } = await run(program("thread", "stress"), ["control"]);
    expect(output).toContain("ThreadSanitizer: data race");
    expect(code).not.toBe(0);
  });

  test("the control with one store relaxed is reported as a race", { timeout: testTimeoutMs }, async () => {
    const { code, output } = await run(program("thread", "stress_weakened"), ["2"]);
    expect(output).toContain("ThreadSanitizer: data race");
    expect(code).not.toBe(0);
  });
});
