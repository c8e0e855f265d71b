/** A name has one owner, however many try to take it in the same moment, and whatever a dead owner left there. */
import { existsSync, linkSync } from "node:fs";
import { join } from "node:path";
import { openStream } from "edgestream";
import { afterAll, afterEach, expect, test } from "vitest";
import { endChildren, makeRuntimeDir, removeRuntimeDirs, within } from "../programs/child.ts";
import { type ChildSource, childSource } from "../programs/remote-source.ts";

const rounds = 100;
const frame = { format: "GRAY8", width: 16, height: 16 } as const;
const files = ["contested.sock", "contested.lock"];

afterEach(endChildren);
afterAll(removeRuntimeDirs);

/** A dead owner's socket and lock file, kept aside under other names. */
async function makeRemains(source: ChildSource, runtimeDir: string, asideDir: string): Promise<void> {
  await source.create({ name: "contested", runtimeDir, frame });
  for (const file of files) linkSync(join(runtimeDir, file), join(asideDir, file));
  await source.close();
}

test("two starters of one name, 100 times: exactly one wins, and it can be reached", async () => {
  const runtimeDir = makeRuntimeDir();
  const asideDir = makeRuntimeDir();
  const starters = [await childSource(), await childSource()];
  await makeRemains(starters[0] as ChildSource, runtimeDir, asideDir);
  const wins = [0, 0];
  for (let round = 0; round < rounds; round++) {
    // Every other time the name is not merely free: a killed owner's files are in the way.
    if (round % 2 === 1) for (const file of files) linkSync(join(asideDir, file), join(runtimeDir, file));
    const at = process.hrtime.bigint() + 3_000_000n;
    const outcomes = await Promise.all(
      starters.map(async (starter) => {
        try {
          await starter.createAt(at, { name: "contested", runtimeDir, frame });
          return "won";
        } catch (error) {
          return (error as { code?: string }).code;
        }
      }),
    );
    expect([...outcomes].sort()).toEqual(["ERR_RESOURCE_BUSY", "won"]);
    const winner = outcomes.indexOf("won");
    wins[winner] = (wins[winner] ?? 0) + 1;
    const stream = await within("the winner answers", openStream("contested", { runtimeDir, timeoutMs: 5000 }));
    await stream.close();
    await starters[winner]?.close();
    for (const file of files) expect(existsSync(join(runtimeDir, file))).toBe(false);
  }
  console.log(`${rounds} contests, half of them over a dead owner's files: won ${wins[0]} and ${wins[1]} times`);
}, 120_000);
