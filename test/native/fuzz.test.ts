/** The fuzz targets without clang: every case of the corpus once, under address and undefined-behaviour sanitizer. */
import { readdirSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { buildTimeoutMs, make, program, run } from "./trees.ts";

const corpus = path.resolve(import.meta.dirname, "../fuzz/corpus");
const targets = ["handshake", "page", "producer"];

beforeAll(() => make("address", ...targets.map((target) => `${target}_fuzz`)), buildTimeoutMs);

describe("the fuzz corpus", () => {
  test.each(targets)("%s: no case breaks a rule or touches memory that is not its own", async (target) => {
    const folder = path.join(corpus, target);
    const { code, output } = await run(program("address", `${target}_fuzz`), [folder]);
    expect(output).toBe(`${readdirSync(folder).length} cases replayed\n`);
    expect(code).toBe(0);
  });
});
