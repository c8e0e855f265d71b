/** A host without the peers: nothing is run, and everybody is told what to install. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { missingPackages } from "../../../bench/harness/install.mjs";
import { judgeRow } from "../../../bench/harness/judge.mjs";
import { parseCpuList } from "../../../bench/harness/machine.mjs";
import { Rounds } from "../../../bench/harness/rounds.mjs";
import { prepare } from "../../../bench/harness/suite.mjs";
import { localSuite } from "../../../bench/local/suite.mjs";
import { remoteSuite } from "../../../bench/remote/suite.mjs";

const path = process.env["PATH"];
let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "es-bench-"));
  process.env["PATH"] = folder; // nothing is there
});

afterEach(() => {
  process.env["PATH"] = path;
  rmSync(folder, { recursive: true });
});

test.each([localSuite, remoteSuite])("each missing contender is named with its Debian packages", (suite) => {
  const { contenders, order } = suite;
  const missing = prepare(suite, order, folder);
  const packaged = contenders.filter(({ packages }) => packages.length > 0);
  expect([...missing.keys()].sort()).toEqual(packaged.map(({ name }) => name).sort());
  for (const { name, packages } of packaged)
    expect(missing.get(name)).toContain(`apt-get install ${packages.join(" ")}`);
});

test("what is missing is asked for once", () => {
  expect(missingPackages(localSuite)).toEqual(expect.arrayContaining(["ffmpeg", "iceoryx", "libzmq3-dev", "gcc"]));
  expect(missingPackages(remoteSuite).sort()).toEqual(["gcc", "libc6-dev", "openssl"]);
});

test("only what is wanted is looked for", () => {
  expect([...prepare(localSuite, ["socketSame", "bare"], folder)]).toEqual([]);
  expect([...prepare(localSuite, ["gstBare"], folder).keys()]).toEqual(["GStreamer"]);
});

test("what is missing is not run, and its rows have no reference", async () => {
  const said: string[] = [];
  const form = { rounds: 2, repeats: false, retryMs: 0, totalMs: 1000 };
  const rounds = new Rounds(
    localSuite,
    new Set(["gstCopy"]),
    prepare(localSuite, ["gstCopy"], folder),
    form,
    (text: string) => said.push(text),
  );
  await rounds.take({});
  expect(rounds.taken).toEqual([]);
  expect(said).toEqual([]);
  const row = localSuite.rows.find(({ id }) => id === "D4");
  const ours = [{ copy: { framesPerSecond: 4000 } }];
  expect(judgeRow(row, ours, rounds.problems)).toMatchObject({ value: 4000, meets: "no-reference" });
  expect(judgeRow(row, ours, rounds.problems).reason).toMatch(
    /pkg-config; apt-get install .*gstreamer1\.0-plugins-bad/,
  );
});

test("a measurement that fails twice is left out after that, and the others go on", async () => {
  const said: string[] = [];
  const form = { rounds: 4, repeats: false, retryMs: 0, totalMs: 60_000 };
  // The PATH has no taskset, so whatever is pinned cannot start.
  const rounds = new Rounds(localSuite, new Set(["bare"]), new Map(), form, (text: string) => said.push(text));
  await rounds.take({ runtimeDir: folder, producerCpu: 0, consumerCpu: 1, warmUpMs: 1, measureMs: 1 });
  expect(rounds.taken).toEqual([{}, {}, {}, {}]);
  expect(rounds.problems.get("bare")).toContain("taskset");
  expect(said.filter((text) => text.endsWith(": bare"))).toHaveLength(2);
});

test("a list of processors may have gaps", () => {
  expect(parseCpuList("0-1\n")).toEqual([0, 1]);
  expect(parseCpuList("2,4-6,9")).toEqual([2, 4, 5, 6, 9]);
  expect(parseCpuList("3")).toEqual([3]);
});
