/** `edgestream bench local` and `remote` for real, in their cheapest form: what comes out, never how fast it was. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { Child, endChildren, until } from "../programs/child.ts";

const cli = fileURLToPath(new URL("../../dist/sdk/cli/main.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "es-bench-"));

afterEach(endChildren);
afterAll(() => rmSync(folder, { recursive: true }));

function bench(args: string[], env: NodeJS.ProcessEnv = {}, kind = "local") {
  const command = [cli, "bench", kind, ...args];
  return spawnSync(process.execPath, command, { encoding: "utf8", env: { ...process.env, TMPDIR: folder, ...env } });
}

/** A PATH with node and taskset, and nothing that a peer or a limit needs. */
function barePath(): string {
  const bin = join(folder, "bin");
  mkdirSync(bin);
  symlinkSync(process.execPath, join(bin, "node"));
  const places = (process.env["PATH"] ?? "").split(delimiter).map((place) => join(place, "taskset"));
  const found = places.flatMap((place) => {
    try {
      return [realpathSync(place)];
    } catch {
      return [];
    }
  });
  symlinkSync(found[0] as string, join(bin, "taskset"));
  return bin;
}

describe("edgestream bench local", () => {
  test("--quick --json --only D2 gives one result of the promised shape, and nothing stays behind", () => {
    const { status, stdout, stderr } = bench(["--quick", "--json", "--only", "D2"]);
    expect(status, stderr).toBe(0);
    const { machine, results, context } = JSON.parse(stdout);
    expect(machine).toMatchObject({ form: "quick", node: process.version });
    expect([1, 2, 3]).toContain(machine.rounds); // as many as fit into a minute
    expect(machine.othersShare).toHaveLength(machine.rounds);
    expect(context).toEqual([]);
    expect(results).toHaveLength(1);
    const [result] = results;
    expect(result).toMatchObject({
      id: "D2",
      unit: "frames/s",
      of: "ratio",
      atLeast: true,
      requirement: 0.8,
      goal: 0.95,
    });
    expect(["goal", "requirement", "no"]).toContain(result.meets);
    const { value, reference, ratio, low, high, rounds } = result;
    for (const number of [value, reference, ratio]) expect(number).toBeGreaterThan(0);
    expect(low).toBeLessThanOrEqual(ratio);
    expect(high).toBeGreaterThanOrEqual(ratio);
    expect(rounds).toHaveLength(machine.rounds);
    expect(stderr).toContain("round 1 of 3: bare");
    expect(readdirSync(folder)).toEqual([]);
  });

  test("without compiler and peers it measures what it can, says what to install, and ends with 0", () => {
    const { status, stdout, stderr } = bench(["--quick", "--only", "D8,D10"], { PATH: barePath() });
    expect(status, stderr).toBe(0);
    expect(stderr).toContain("without iceoryx: no C++ compiler; apt-get install g++ iceoryx libiceoryx-posh-dev");
    expect(stdout).toMatch(/^D8 .*(goal|requirement|no)$/m);
    expect(stdout).toMatch(/^D10 .*no-reference$/m);
    expect(stdout).toContain("apt-get install g++ iceoryx libiceoryx-posh-dev");
  });

  test("wrong options end with 2, and the standalone program says the same", () => {
    expect(bench(["--only", "D99"])).toMatchObject({ status: 2, stdout: "" });
    expect(bench(["--only", "D99"]).stderr).toMatch(/^edgestream: ERR_USAGE: --only: no row d99; there are D1, /);
    const program = fileURLToPath(new URL("../../bench/local.mjs", import.meta.url));
    const alone = spawnSync(process.execPath, [program, "--only", "D99"], { encoding: "utf8" });
    expect(alone.status).toBe(2);
    expect(alone.stderr).toContain("ERR_USAGE: --only: no row d99");
  });

  test("interrupted, it ends what it started and removes its folder", async () => {
    const place = join(folder, "interrupted");
    mkdirSync(place);
    const child = new Child(process.execPath, [cli, "bench", "local", "--only", "D2"], { env: { TMPDIR: place } });
    await until("a measurement runs", () => child.stderr.includes("round 1 of 5"));
    const [runtimeDir] = readdirSync(place);
    await until("its stream is there", () => readdirSync(join(place, runtimeDir as string)).length > 0);
    child.kill("SIGTERM");
    expect(await child.exit).toEqual({ code: 143, signal: null });
    expect(readdirSync(place)).toEqual([]);
  });
});

describe("edgestream bench remote", () => {
  const remote = (...args: string[]) => bench(args, {}, "remote");

  test("--quick --json --only measures tcp, ws and tls against their references, and nothing stays behind", () => {
    const { status, stdout, stderr } = remote("--quick", "--json", "--only", "D15 sender,D18 sender,tls rate");
    expect(status, stderr).toBe(0);
    const { machine, results, context, series } = JSON.parse(stdout);
    expect(machine).toMatchObject({ form: "quick", node: process.version });
    expect(series).toBeUndefined();
    expect(results.map(({ id }: { id: string }) => id)).toEqual(["D15 sender", "D18 sender"]);
    expect(context.map(({ id }: { id: string }) => id)).toEqual(["tls rate"]);
    expect(results[0]).toMatchObject({ unit: "frames/s", of: "ratio", atLeast: true, requirement: 0.75, goal: 0.95 });
    for (const { value, reference, ratio } of [...results, ...context]) {
      for (const number of [value, reference, ratio]) expect(number).toBeGreaterThan(0);
    }
    for (const { meets } of results) expect(["goal", "requirement", "no"]).toContain(meets);
    expect(readdirSync(folder).filter((name) => name.startsWith("edgestream-bench-"))).toEqual([]);
  });

  test("wrong options end with 2, and the standalone program says the same", () => {
    expect(remote("--only", "D1")).toMatchObject({ status: 2, stdout: "" });
    expect(remote("--only", "D1").stderr).toMatch(/^edgestream: ERR_USAGE: --only: no row d1; there are D15, D16, /);
    const program = fileURLToPath(new URL("../../bench/remote.mjs", import.meta.url));
    const alone = spawnSync(process.execPath, [program, "--only", "D1"], { encoding: "utf8" });
    expect(alone.status).toBe(2);
    expect(alone.stderr).toContain("ERR_USAGE: --only: no row d1");
  });
});
