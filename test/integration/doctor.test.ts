/** `edgestream doctor` on this machine, and where it lacks something: descriptors, ffmpeg, a sound addon. */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { Child, endChildren, makeRuntimeDir, removeRuntimeDirs, until } from "../programs/child.ts";
import { examine, firstCommand, obstacle, parseReport, program, runDoctor } from "./examination.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "es-doctor-"));

afterEach(endChildren);
afterAll(() => {
  removeRuntimeDirs();
  rmSync(folder, { recursive: true });
});

/** Where the self test makes its directory, for this file's doctors alone. */
const temporary = join(folder, "tmp");
mkdirSync(temporary);
const aside = { env: { TMPDIR: temporary } };

describe("on this machine", () => {
  test("nothing fails, everything that edgestream needs is ok, and nothing stays behind", () => {
    const runtimeDir = makeRuntimeDir();
    const report = examine(["--runtime-dir", runtimeDir], aside);
    for (const { id, status, finding } of report.checks) console.log(`  ${status.padEnd(4)} ${id}: ${finding}`);
    expect(report.ids("fail")).toEqual([]);
    expect(report.exitCode).toBe(0);
    const groups = ["platform.", "selftest.", "runtime."];
    for (const { id, status } of report.checks.filter((check) => groups.some((group) => check.id.startsWith(group)))) {
      expect(status, id).toBe("ok");
    }
    for (const need of ["version", "memfd", "seals", "descriptors", "credentials", "events"]) {
      expect(report.check(`kernel.${need}`).status).toBe("ok");
    }
    expect(readdirSync(temporary)).toEqual([]);
    expect(readdirSync(runtimeDir)).toEqual([]);
  });

  test("the text has every check on a line, unwrapped, and says how many there are", () => {
    const runtimeDir = makeRuntimeDir();
    const { stdout, status } = runDoctor(["--runtime-dir", runtimeDir], { env: { LC_ALL: "C" } });
    const report = examine(["--runtime-dir", runtimeDir]);
    const lines = stdout.split("\n").map((line) => /^ {2}(ok {2}|warn|FAIL|skip) (\S+) +(.+)$/.exec(line)?.[2]);
    expect(lines.filter((id) => id !== undefined)).toEqual(report.checks.map(({ id }) => id));
    expect(stdout).toContain(`${report.checks.length} checks: `);
    expect(status).toBe(0);
  });

  test("the directory for new streams is the one that the core takes", () => {
    const home = makeRuntimeDir();
    const blocked = join(home, "file");
    writeFileSync(blocked, "");
    const surroundings = [
      { EDGESTREAM_RUNTIME_DIR: join(home, "own"), XDG_RUNTIME_DIR: home },
      { EDGESTREAM_RUNTIME_DIR: undefined, XDG_RUNTIME_DIR: home },
      { EDGESTREAM_RUNTIME_DIR: "", XDG_RUNTIME_DIR: join(blocked, "below") },
    ];
    for (const env of surroundings) {
      const found = examine([], { env }).check("runtime.create").finding;
      const code = `import { loadBinding } from ${JSON.stringify(join(root, "dist/native/load.js"))};
        console.log(loadBinding().runtimeDir());`;
      const node = ["--input-type=module", "-e", code];
      const core = spawnSync(process.execPath, node, { env: { ...process.env, ...env }, encoding: "utf8" });
      expect(found).toContain(`new streams are made in ${core.stdout.trim()} (`);
    }
  });

  test("an interrupt ends it at once, and nothing stays behind", async () => {
    const doctor = new Child(process.execPath, [program, "doctor"], aside);
    await until("the self test has a directory", () => readdirSync(temporary).length > 0);
    doctor.kill("SIGINT");
    expect((await doctor.exit).code).toBe(130);
    expect(readdirSync(temporary)).toEqual([]);
  });

  test("a wrong option ends with 2, --help shows examples", () => {
    expect(runDoctor(["--fix"]).status).toBe(2);
    expect(runDoctor(["--runtime-dir", ""]).status).toBe(2);
    const help = runDoctor(["--help"]);
    expect(help.status).toBe(0);
    expect(help.stdout).toContain("edgestream doctor --runtime-dir /run/edgestream");
  });

  test("docs/doctor.md explains every id", () => {
    const page = readFileSync(join(root, "docs/doctor.md"), "utf8");
    const env = { XDG_RUNTIME_DIR: makeRuntimeDir(), EDGESTREAM_RUNTIME_DIR: makeRuntimeDir() };
    const ids = examine([], { env }).checks.map(({ id }) => id.replace(/^runtime\.(env|xdg|system|user)/, "runtime.*"));
    expect(ids.filter((id) => !page.includes(`\`${id}\``))).toEqual([]);
  });
});

const noPrlimit = obstacle(["prlimit", "--version"]);

describe.skipIf(noPrlimit !== undefined)("few descriptors", () => {
  test("32 are too few; the advised number is enough", () => {
    const runtimeDir = ["--runtime-dir", makeRuntimeDir()];
    const report = examine(runtimeDir, { wrapper: ["prlimit", "--nofile=32:32"] });
    expect(report.exitCode).toBe(1);
    expect(report.ids("fail")).toEqual(["platform.sdk", "selftest.frame", "limits.nofile"]);
    const check = report.check("limits.nofile");
    expect(check.finding).toContain("32 open files are too few");
    expect(report.check("kernel.seals").status).toBe("ok");
    const advice = firstCommand(check.advice);
    expect(advice).toBe("ulimit -n 4096");
    // As a service manager or a container engine would start it; a process may not raise its own hard limit.
    const cured = examine(runtimeDir, { inside: advice });
    expect(cured.ids("fail")).toEqual([]);
    expect(cured.check("limits.nofile").finding).toContain("4096 open files");
    // A low soft limit alone harms nobody: Node raises it.
    expect(examine(runtimeDir, { wrapper: ["prlimit", "--nofile=32:4096"] }).ids("fail")).toEqual([]);
    console.log(`  ${check.finding}\n  ${cured.check("limits.nofile").finding}`);
  });

  test("so few that no child can be started are told as that, and do not stop it", () => {
    const report = examine([], { wrapper: ["prlimit", "--nofile=22:22"] });
    expect(report.exitCode).toBe(1);
    for (const id of ["platform.addon", "limits.nofile", "video.ffmpeg"]) {
      expect(firstCommand(report.check(id).advice)).toBe("ulimit -n 4096");
    }
  });

  test("a limit of file size that forbids a pool is found", () => {
    const report = examine(["--runtime-dir", makeRuntimeDir()], { wrapper: ["prlimit", "--fsize=1048576"] });
    expect(report.check("limits.fsize")).toMatchObject({ status: "fail" });
    expect(report.check("selftest.frame")).toMatchObject({ status: "fail" });
    expect(firstCommand(report.check("selftest.frame").advice)).toBe("ulimit -f unlimited");
  });
});

describe("ffmpeg", () => {
  const bin = join(folder, "bin");
  mkdirSync(bin);
  symlinkSync(process.execPath, join(bin, "node"));
  const ffmpegHere = spawnSync("sh", ["-c", "command -v ffmpeg"], { encoding: "utf8" }).stdout.trim();

  test("that is not on the PATH is a warning, nothing else is touched, and exit code 0", () => {
    const runtimeDir = ["--runtime-dir", makeRuntimeDir()];
    const without = examine(runtimeDir, { env: { PATH: bin } });
    expect(without.exitCode).toBe(0);
    expect(without.check("video.ffmpeg")).toMatchObject({ status: "warn", advice: "apt-get install ffmpeg" });
    expect(without.check("video.ffmpeg").finding).toContain("edgestream source");
    expect(without.check("selftest.frame").status).toBe("ok");
    expect(without.ids("fail")).toEqual([]);
    // Installed means: found on the PATH.
    symlinkSync(ffmpegHere, join(bin, "ffmpeg"));
    const cured = examine(runtimeDir, { env: { PATH: bin } });
    for (const id of ["ffmpeg", "decoders", "encoders"]) expect(cured.check(`video.${id}`).status).toBe("ok");
  });

  test("that hangs is left alone after its time", () => {
    const hanging = join(folder, "hanging");
    writeFileSync(hanging, "#!/bin/sh\nexec sleep 600\n");
    chmodSync(hanging, 0o755);
    const env = { EDGESTREAM_FFMPEG: hanging };
    const check = examine(["--runtime-dir", makeRuntimeDir()], { env }).check("video.ffmpeg");
    expect(check.status).toBe("warn");
    expect(check.finding).toContain("no answer within 15 s");
  });
});

describe("an addon", () => {
  const installed = join(folder, "project/node_modules/edgestream");
  const addon = join(installed, `prebuilds/${process.platform}-${process.arch}/edgestream.node`);
  const built = join(root, "build/Release");

  /** As npm lays it out. */
  function install(): void {
    rmSync(installed, { recursive: true, force: true });
    mkdirSync(dirname(addon), { recursive: true });
    for (const part of ["package.json", "dist"]) cpSync(join(root, part), join(installed, part), { recursive: true });
    for (const name of ["edgestream.node", "edgestream-probe"]) cpSync(join(built, name), join(dirname(addon), name));
    symlinkSync(join(root, "node_modules"), join(installed, "node_modules"));
    writeFileSync(join(folder, "project/package.json"), "{}");
  }

  const doctor = () =>
    examine(["--runtime-dir", makeRuntimeDir()], {
      program: join(installed, "dist/sdk/cli/bin.js"),
      env: { EDGESTREAM_ADDON: undefined },
    });

  test("with a damaged header is found, and a new installation cures it", () => {
    install();
    writeFileSync(addon, readFileSync(addon).fill(0, 0, 64));
    const report = doctor();
    expect(report.exitCode).toBe(1);
    const check = report.check("platform.addon");
    expect(check.status).toBe("fail");
    expect(check.finding).toContain(addon);
    expect(check.finding).toMatch(/invalid ELF header/);
    expect(check.advice).toBe(`cd ${join(folder, "project")} && rm -rf node_modules/edgestream && npm install`);
    expect(report.check("selftest.frame").status).toBe("skip");
    expect(report.check("kernel.seals").status).toBe("ok");
    install();
    const cured = doctor();
    expect(cured.check("platform.addon")).toMatchObject({ status: "ok" });
    expect(cured.check("platform.addon").finding).toContain(addon);
    expect(cured.ids("fail")).toEqual([]);
  });

  test("that ends the process which loads it ends only a child of the doctor", () => {
    install();
    // Cut within the pages that the loader maps: the first access behind the end is SIGBUS.
    truncateSync(addon, 8192);
    const check = doctor().check("platform.addon");
    console.log(`  cut at 8192 bytes: ${check.finding}`);
    expect(check.status).toBe("fail");
    expect(check.finding).toMatch(/SIG(BUS|SEGV)|file too short|ELF|cannot/);
  });

  test("that is damaged and has another behind it is a warning; without the damaged one all is well", () => {
    install();
    const first = join(installed, "build/Release/edgestream.node");
    mkdirSync(dirname(first), { recursive: true });
    writeFileSync(first, "not an addon, but as long as the header of one, so that the loader looks at it");
    const check = doctor().check("platform.addon");
    expect(check.status).toBe("warn");
    expect(check.finding).toContain(`${addon}, ABI version 1, in place of one that does not load: ${first}`);
    rmSync(first);
    expect(doctor().check("platform.addon")).toMatchObject({ status: "ok" });
  });

  test("that EDGESTREAM_ADDON names and that is not there is found", () => {
    const where = { env: { EDGESTREAM_ADDON: join(folder, "missing.node") } };
    const check = examine(["--runtime-dir", makeRuntimeDir()], where).check("platform.addon");
    expect(check).toMatchObject({ status: "fail" });
    expect(check.finding).toContain("missing.node: no such file");
    expect(check.advice).toContain("unset EDGESTREAM_ADDON");
  });
});

test("a report that is piped into a program that reads nothing does not break", async () => {
  const child = new Child("sh", ["-c", `${process.execPath} ${program} doctor --json | head -c 1`], {});
  expect(await child.exit).toEqual({ code: 0, signal: null });
  expect(child.stderr).toBe("");
});

test("parseReport refuses a report that does not add up", () => {
  const checks = [{ id: "a", status: "ok", finding: "fine", advice: null }];
  expect(() => parseReport(JSON.stringify({ checks, summary: { total: 2 } }))).toThrow();
});
