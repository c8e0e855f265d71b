/** `edgestream doctor` and runtime directories: of others, read-only, with long paths, dead, full of remains. */
import { chmodSync, mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { Child, endChildren, makeRuntimeDir, removeRuntimeDirs, until } from "../programs/child.ts";
import { examine, firstCommand, follow, obstacle, program } from "./examination.ts";

const asUser = ["setpriv", "--reuid", "1000", "--regid", "1000", "--clear-groups"];
const noOtherUser = obstacle([...asUser, "true"]);
const noMounts = obstacle(["unshare", "-m", "true"]);

afterEach(endChildren);
afterAll(removeRuntimeDirs);

/** A living producer of the stream "cam". */
async function startProducer(runtimeDir: string, ...options: string[]): Promise<Child> {
  const args = ["source", "test:", "--name", "cam", "--size", "64x48", "--runtime-dir", runtimeDir, ...options];
  const producer = new Child(process.execPath, [program, ...args], {});
  await until("the stream is there", () => {
    return statSync(join(runtimeDir, "cam.sock"), { throwIfNoEntry: false }) !== undefined || !producer.running;
  });
  return producer;
}

/** The rest takes half a minute and is in `npm run test:long`. */
const short = process.env["EDGESTREAM_LONG"] !== "1";

describe("streams in it", () => {
  test("a living one is counted; one whose producer was killed is stale, and the advice removes it", async () => {
    const runtimeDir = makeRuntimeDir();
    const option = ["--runtime-dir", runtimeDir];
    const producer = await startProducer(runtimeDir);
    const living = examine(option).check("runtime.option.streams");
    expect(living).toMatchObject({ status: "ok", finding: "streams: 1 living (cam)" });
    producer.kill("SIGKILL");
    await producer.exit;
    const left = examine(option);
    const check = left.check("runtime.option.streams");
    expect(check).toMatchObject({ status: "warn", finding: "streams: 0 living, 1 left by dead producers (cam)" });
    expect(check.advice).toBe(`edgestream list --prune --runtime-dir ${runtimeDir}`);
    expect(left.exitCode).toBe(0);
    follow(check);
    const cured = examine(option).check("runtime.option.streams");
    expect(cured).toMatchObject({ status: "ok", finding: "streams: 0 living" });
  });

  test("one whose producer is stopped does not hold the doctor up, and the advice wakes it", async () => {
    const runtimeDir = makeRuntimeDir();
    const producer = await startProducer(runtimeDir);
    producer.kill("SIGSTOP");
    const check = examine(["--runtime-dir", runtimeDir]).check("runtime.option.streams");
    expect(check.status).toBe("warn");
    expect(check.finding).toContain("1 whose producer does not answer (cam)");
    expect(check.advice).toContain(`fuser ${runtimeDir}/cam.lock`);
    producer.kill("SIGCONT");
    expect(examine(["--runtime-dir", runtimeDir]).check("runtime.option.streams").status).toBe("ok");
  });

  test.skipIf(noOtherUser !== undefined)("one of another user is denied until its socket is opened", async () => {
    const runtimeDir = makeRuntimeDir(0o755);
    const producer = await startProducer(runtimeDir);
    const check = examine(["--runtime-dir", runtimeDir], { wrapper: asUser }).check("runtime.option.streams");
    expect(check.status).toBe("warn");
    expect(check.finding).toContain("1 that this user may not open (cam)");
    expect(check.advice).toContain("edgestream source --socket-mode 0666");
    producer.kill("SIGTERM");
    await producer.exit;
    await startProducer(runtimeDir, "--socket-mode", "0666");
    const cured = examine(["--runtime-dir", runtimeDir], { wrapper: asUser }).check("runtime.option.streams");
    expect(cured).toMatchObject({ status: "ok", finding: "streams: 1 living (cam)" });
  });
});

describe.skipIf(noOtherUser !== undefined)("a directory of another user", () => {
  test("at mode 0700 is a failure that names owner and mode; the advised chown cures it", () => {
    const runtimeDir = makeRuntimeDir(0o700);
    const where = { wrapper: asUser, env: { EDGESTREAM_RUNTIME_DIR: runtimeDir, XDG_RUNTIME_DIR: undefined } };
    const report = examine([], where);
    expect(report.exitCode).toBe(1);
    const check = report.check("runtime.env");
    expect(check.status).toBe("fail");
    expect(check.finding).toContain("owner root (uid 0), mode 0700");
    expect(check.finding).toContain("may not enter it (EACCES)");
    expect(report.check("runtime.create").status).toBe("fail");
    expect(report.check("selftest.frame").status).toBe("ok");
    follow(check);
    expect(statSync(runtimeDir).uid).toBe(1000);
    const cured = examine([], where);
    expect(cured.ids("fail")).toEqual([]);
    expect(cured.check("runtime.create").finding).toContain(`made in ${runtimeDir}`);
  });

  test("at mode 0755 still lets its streams be opened: a warning there, a failure for new streams", async () => {
    const runtimeDir = makeRuntimeDir(0o755);
    await startProducer(runtimeDir, "--socket-mode", "0666");
    const report = examine(["--runtime-dir", runtimeDir], { wrapper: asUser });
    expect(report.check("runtime.option")).toMatchObject({ status: "warn" });
    expect(report.check("runtime.option").finding).toContain("its streams can be opened, none can be made");
    expect(report.check("runtime.option.streams").finding).toBe("streams: 1 living (cam)");
    expect(report.ids("fail")).toEqual(["runtime.create"]);
  });

  test("under the user's own name in /tmp is not used, as the core does not; the advice cures it", () => {
    // The doctor looks at the real path, so that this test must own it: as a user that nobody is.
    const uid = 61_234;
    const own = `/tmp/edgestream-${uid}`;
    const env = { EDGESTREAM_RUNTIME_DIR: undefined, XDG_RUNTIME_DIR: undefined };
    const where = { env, wrapper: ["setpriv", "--reuid", String(uid), "--regid", String(uid), "--clear-groups"] };
    const elsewhere = examine([], where).check("runtime.create");
    mkdirSync(own, { mode: 0o755 });
    const check = examine([], where).check("runtime.user");
    follow(check);
    expect(check.finding).toContain("not used, it is not this user's directory");
    // /run/edgestream may be there and writable for everybody; then this directory is not needed.
    expect(check.status).toBe(elsewhere.finding.includes(own) ? "fail" : "warn");
    expect(examine([], where).check("runtime.user").status).toBe("ok");
  });
});

describe.skipIf(short)("a path", () => {
  test("that is too long for any socket is a failure, a shorter one is not", () => {
    const runtimeDir = join(makeRuntimeDir(), "x".repeat(100));
    mkdirSync(runtimeDir);
    const report = examine(["--runtime-dir", runtimeDir]);
    expect(report.exitCode).toBe(1);
    expect(report.ids("fail")).toEqual(["runtime.option.path", "runtime.create"]);
    expect(report.check("runtime.option.path").finding).toContain(`a path of ${runtimeDir.length} bytes`);
    expect(report.check("runtime.option.sockets").status).toBe("skip");
    expect(examine(["--runtime-dir", makeRuntimeDir()]).ids("fail")).toEqual([]);
  });

  test("that leaves room for short names only is a warning with the number, and the number is right", async () => {
    const base = makeRuntimeDir();
    const runtimeDir = join(base, "x".repeat(107 - "/cam.sock".length - base.length - 1));
    mkdirSync(runtimeDir);
    const check = examine(["--runtime-dir", runtimeDir]).check("runtime.option.path");
    expect(check.status).toBe("warn");
    expect(check.finding).toContain("names of up to 3 characters fit");
    const producer = await startProducer(runtimeDir);
    expect(producer.running).toBe(true);
  });

  test("that is a file, or lies below one, is a failure", () => {
    const base = makeRuntimeDir();
    const file = join(base, "file");
    writeFileSync(file, "");
    expect(examine(["--runtime-dir", file]).check("runtime.option")).toMatchObject({ status: "fail" });
    const below = examine(["--runtime-dir", join(file, "below")]);
    expect(below.check("runtime.option").status).toBe("fail");
    expect(below.exitCode).toBe(1);
  });

  test("that is not there yet is made by the first stream; one whose parent is missing is a failure", () => {
    const base = makeRuntimeDir();
    const missing = examine(["--runtime-dir", join(base, "run")]);
    expect(missing.check("runtime.option").finding).toContain("the first stream makes it");
    expect(missing.ids("fail")).toEqual([]);
    const check = examine(["--runtime-dir", join(base, "no/run")]).check("runtime.option");
    expect(check.status).toBe("fail");
    follow(check);
    expect(examine(["--runtime-dir", join(base, "no/run")]).check("runtime.option").status).toBe("ok");
  });

  test("where everybody may remove what others made is a warning; the advice cures it", () => {
    const runtimeDir = makeRuntimeDir(0o777);
    const check = examine(["--runtime-dir", runtimeDir]).check("runtime.option");
    expect(check.status).toBe("warn");
    follow(check);
    expect(statSync(runtimeDir).mode & 0o7777).toBe(0o1777);
    expect(examine(["--runtime-dir", runtimeDir]).check("runtime.option").status).toBe("ok");
  });

  test("through a link is looked at where it leads", () => {
    const base = makeRuntimeDir();
    mkdirSync(join(base, "real"), { mode: 0o700 });
    symlinkSync("real", join(base, "link"));
    expect(examine(["--runtime-dir", join(base, "link")]).check("runtime.option").status).toBe("ok");
    symlinkSync("nowhere", join(base, "dangling"));
    expect(examine(["--runtime-dir", join(base, "dangling")]).check("runtime.option").status).toBe("fail");
  });
});

describe.skipIf(short || noMounts !== undefined)("a file system", () => {
  const mounts = ["unshare", "-m"];
  let place = "";
  beforeAll(() => {
    place = makeRuntimeDir();
    chmodSync(place, 0o755);
  });

  test("that is read-only lets streams be opened and none be made; the advised mount cures it", async () => {
    const runtimeDir = makeRuntimeDir(0o700);
    await startProducer(runtimeDir);
    const readOnly = `mount --bind ${runtimeDir} ${place}; mount -o remount,bind,ro ${place}`;
    const report = examine(["--runtime-dir", place], { wrapper: mounts, inside: readOnly });
    const check = report.check("runtime.option");
    expect(check.status).toBe("warn");
    expect(check.finding).toContain("none can be made (EROFS)");
    expect(report.ids("fail")).toEqual(["runtime.create"]);
    expect(report.check("runtime.option.streams").finding).toBe("streams: 1 living (cam)");
    const cure = firstCommand(check.advice);
    expect(cure).toBe(`mount -o remount,rw ${place}`);
    const cured = examine(["--runtime-dir", place], { wrapper: mounts, inside: `${readOnly}\n${cure}` });
    expect(cured.ids("fail")).toEqual([]);
    expect(cured.check("runtime.option.sockets").status).toBe("ok");
  });

  test("that knows no sockets is found by trying", () => {
    const inside = `mount -t mqueue none ${place}`;
    const report = examine(["--runtime-dir", place], { wrapper: ["unshare", "-mi"], inside });
    expect(report.ids("fail")).toEqual(["runtime.option.sockets", "runtime.create"]);
    expect(report.check("runtime.option.sockets").finding).toContain("mqueue here does not do what streams need");
  });

  test("that is full is found by trying; room cures it", () => {
    const full = `mount -t tmpfs -o size=1m,nr_inodes=2 none ${place}; mkdir ${place}/one`;
    const check = examine(["--runtime-dir", place], { wrapper: mounts, inside: full }).check("runtime.option.sockets");
    expect(check).toMatchObject({ status: "fail" });
    expect(check.advice).toContain("df -i");
    const inside = `${full}; rmdir ${place}/one; mount -o remount,nr_inodes=10 ${place}`;
    expect(examine(["--runtime-dir", place], { wrapper: mounts, inside }).ids("fail")).toEqual([]);
  });

  const noFuse = obstacle(["test", "-w", "/dev/fuse"]);
  test.skipIf(noFuse !== undefined)("that gives no answer is left alone after its time; unmounting cures it", () => {
    // Mounted, and nobody serves it: whoever looks at it waits.
    const dead = `exec 7<>/dev/fuse
      mount -i -t fuse -o fd=7,rootmode=40000,user_id=0,group_id=0 none ${place}`;
    const report = examine(["--runtime-dir", place], { wrapper: mounts, inside: dead });
    const check = report.check("runtime.option");
    expect(check.status).toBe("fail");
    expect(check.finding).toContain("no answer within 15 s");
    const cured = examine(["--runtime-dir", place], {
      wrapper: mounts,
      inside: `${dead}\n${firstCommand(check.advice)}`,
    });
    expect(cured.check("runtime.option").status).toBe("ok");
  });
});
