/** `edgestream doctor` in namespaces, control groups, under a seccomp filter, and with other devices in /dev. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeRuntimeDir, removeRuntimeDirs } from "../programs/child.ts";
import { examine, firstCommand, obstacle } from "./examination.ts";

const folder = mkdtempSync(join(tmpdir(), "es-doctor-"));
const user = ["setpriv", "--reuid", "1000", "--regid", "1000", "--clear-groups"];
const container = [...user, "unshare", "-Urnipmu", "--fork", "--kill-child"];
const mounts = ["unshare", "-m"];
const noContainer = obstacle([...container, "true"]);
const noMounts = obstacle([...mounts, "mount", "-t", "tmpfs", "none", "/mnt"]);

afterAll(() => {
  removeRuntimeDirs();
  rmSync(folder, { recursive: true });
});

function compile(source: string, output: string, ...options: string[]): string {
  const file = join(folder, output);
  const { status, stderr } = spawnSync("cc", ["-Wall", "-Werror", "-o", file, source, ...options], {
    encoding: "utf8",
  });
  expect(status, stderr).toBe(0);
  return file;
}

/** The rest takes a quarter of a minute and is in `npm run test:long`. */
const short = process.env["EDGESTREAM_LONG"] !== "1";

describe.skipIf(noContainer !== undefined)("in user, mount, pid, net, ipc and uts namespaces of uid 1000", () => {
  test("edgestream works, and the doctor says which user it is outside", () => {
    const report = examine(["--runtime-dir", makeRuntimeDir(0o1777)], { wrapper: container });
    expect(report.ids("fail")).toEqual([]);
    expect(report.exitCode).toBe(0);
    expect(report.check("selftest.frame").status).toBe("ok");
    expect(report.check("runtime.option.sockets").status).toBe("ok");
    expect(report.check("container.kind").finding).toMatch(/namespaces of its own: user, pid, ipc, uts/);
    expect(report.check("container.users").finding).toContain("uid 0 is uid 1000 outside");
    console.log(`  ${report.check("container.kind").finding}; ${report.check("selftest.frame").finding}`);
  });

  test("a runtime directory of root outside is one that is not writable", () => {
    const report = examine(["--runtime-dir", makeRuntimeDir(0o755)], { wrapper: container });
    expect(report.check("runtime.option").status).toBe("warn");
    expect(report.check("runtime.option").finding).toContain("owner a user from outside this container");
    expect(report.ids("fail")).toEqual(["runtime.create"]);
  });
});

describe.skipIf(noMounts !== undefined)("what can be shared with another container", () => {
  const engine = { container: "systemd-nspawn" };

  test("a directory of the container's own files cannot; a mounted one can", () => {
    const place = makeRuntimeDir();
    const own = examine(["--runtime-dir", place], { env: engine }).check("container.shared");
    expect(own.status).toBe("warn");
    expect(own.advice).toContain("EDGESTREAM_RUNTIME_DIR");
    const inside = `mount --bind ${makeRuntimeDir()} ${place}`;
    const mounted = examine(["--runtime-dir", place], { wrapper: mounts, inside, env: engine });
    expect(mounted.check("container.shared")).toMatchObject({ status: "ok" });
    expect(mounted.check("container.shared").finding).toContain(`mounted at ${place}`);
  });
});

describe.skipIf(noMounts !== undefined)("/dev/shm", () => {
  const small = "mount -t tmpfs -o size=1m none /dev/shm";
  const fill = "dd if=/dev/zero of=/dev/shm/filler bs=64k 2>/dev/null || true";

  test("that is full is a warning; streams do not need it; removing what lies there cures it", () => {
    const runtimeDir = ["--runtime-dir", makeRuntimeDir()];
    const full = examine(runtimeDir, { wrapper: mounts, inside: `${small}\n${fill}` });
    const check = full.check("memory.shm");
    expect(check.status).toBe("warn");
    expect(check.finding).toContain("0 bytes of 1.0 MiB are free");
    expect(check.finding).toContain("edgestream does not use it");
    expect(check.advice).toContain("ls -lS /dev/shm");
    expect(full.check("selftest.frame").status).toBe("ok");
    expect(full.exitCode).toBe(0);
    const inside = `${small}\n${fill}\nrm /dev/shm/filler`;
    expect(examine(runtimeDir, { wrapper: mounts, inside }).check("memory.shm").status).toBe("ok");
  });
});

describe.skipIf(short || noMounts !== undefined)("/proc", () => {
  test("that is not mounted leaves many checks open, claims nothing, and streams work; the advice mounts it", () => {
    const runtimeDir = ["--runtime-dir", makeRuntimeDir()];
    const inside = "mount -t tmpfs none /proc";
    const report = examine(runtimeDir, { wrapper: mounts, inside });
    expect(report.exitCode).toBe(0);
    expect(report.check("platform.proc").status).toBe("warn");
    expect(report.check("selftest.frame").status).toBe("ok");
    for (const id of ["limits.nofile", "memory.free", "memory.cgroup", "container.security", "selftest.readonly"]) {
      expect(report.check(id).status, id).toBe("skip");
    }
    const cure = `${inside}\n${firstCommand(report.check("platform.proc").advice)}`;
    const cured = examine(runtimeDir, { wrapper: mounts, inside: cure });
    for (const id of ["platform.proc", "limits.nofile", "selftest.readonly"]) expect(cured.check(id).status).toBe("ok");
  });
});

describe.skipIf(short || noMounts !== undefined)("devices", () => {
  /** A /dev of its own: what programs need, and what the test adds. */
  const ownDev = (more: string) => `mount -t tmpfs -o mode=755 none /mnt
    for each in null zero urandom random; do touch /mnt/$each; mount --bind /dev/$each /mnt/$each; done
    ${more}
    mount --move /mnt /dev`;

  test("a camera of the group video is closed to others; membership opens it", () => {
    const inside = ownDev("touch /mnt/video0; chgrp 44 /mnt/video0; chmod 660 /mnt/video0");
    const look = (groups: string) => {
      const rest = `${inside}\nset -- setpriv --reuid 1000 --regid 1000 ${groups} "$@"`;
      return examine(["--runtime-dir", "/tmp"], { wrapper: mounts, inside: rest }).check("video.cameras");
    };
    const closed = look("--clear-groups");
    expect(closed.status).toBe("warn");
    expect(closed.finding).toContain("may not open /dev/video0");
    expect(closed.advice).toContain("sudo usermod -aG video");
    expect(look("--groups 44")).toMatchObject({ status: "ok", finding: "this user may open /dev/video0" });
  });

  test("without /dev/shm there is a warning, and the advice makes it", () => {
    const runtimeDir = ["--runtime-dir", makeRuntimeDir()];
    const report = examine(runtimeDir, { wrapper: mounts, inside: ownDev("") });
    const check = report.check("memory.shm");
    expect(check.status).toBe("warn");
    expect(check.finding).toContain("/dev/shm is not there");
    expect(report.check("selftest.frame").status).toBe("ok");
    const inside = `${ownDev("")}\n${firstCommand(check.advice)}`;
    expect(examine(runtimeDir, { wrapper: mounts, inside }).check("memory.shm").status).toBe("ok");
  });

  test("a GPU without its library is a warning, with it the driver's version; no word that it is used", () => {
    const inside = ownDev("touch /mnt/nvidia0; mkdir /mnt/shm");
    const without = examine(["--runtime-dir", makeRuntimeDir()], { wrapper: mounts, inside });
    expect(without.check("gpu.device").finding).toContain("GPU memory is not built into this version");
    expect(without.check("gpu.library")).toMatchObject({ status: "warn" });
    expect(without.exitCode).toBe(0);
    const source = join(folder, "cuda.c");
    writeFileSync(source, "int cuDriverGetVersion(int *version) { *version = 12040; return 0; }\n");
    const library = compile(source, "libcuda.so.1", "-shared", "-fPIC");
    const where = { wrapper: mounts, inside, env: { LD_LIBRARY_PATH: folder } };
    const check = examine(["--runtime-dir", makeRuntimeDir()], where).check("gpu.library");
    expect(check).toMatchObject({ status: "ok", finding: `${library}, CUDA 12.4` });
  });
});

describe.skipIf(short)("a seccomp filter", () => {
  let withoutCall = "";
  beforeAll(() => {
    withoutCall = compile(fileURLToPath(new URL("../programs/without-call.c", import.meta.url)), "without-call");
  });

  test("that forbids memfd_create is named, with the way out; the other calls are seen to work", () => {
    const wrapper = [withoutCall, "errno", "1"]; // EPERM, as docker's profiles do
    const report = examine(["--runtime-dir", makeRuntimeDir()], { wrapper });
    expect(report.exitCode).toBe(1);
    const check = report.check("kernel.memfd");
    expect(check.status).toBe("fail");
    expect(check.finding).toContain("memfd_create: Operation not permitted");
    expect(check.advice).toContain("--security-opt seccomp=");
    expect(report.check("kernel.events").status).toBe("ok");
    expect(report.check("selftest.frame").status).toBe("fail");
    expect(report.check("container.security").finding).toContain("seccomp: a filter; no_new_privs: set");
  });

  test("that says the kernel does not have it is taken for an old kernel", () => {
    const report = examine(["--runtime-dir", makeRuntimeDir()], { wrapper: [withoutCall, "errno", "38"] });
    expect(report.check("kernel.memfd").advice).toContain("Linux 5.1 or newer");
  });

  test("that kills ends one question, not the doctor", () => {
    const report = examine(["--runtime-dir", makeRuntimeDir()], { wrapper: [withoutCall, "kill"] });
    expect(report.check("kernel.memfd").finding).toContain("killed: Bad system call, a seccomp filter");
    expect(report.check("kernel.memfd").advice).toContain("--security-opt seccomp=");
    expect(report.check("kernel.events").status).toBe("ok");
    expect(report.check("selftest.frame").status).toBe("fail");
    expect(report.exitCode).toBe(1);
  });
});

/** A control group of our own with a memory limit, below the one this process is in. */
function memoryGroup(): { path: string; limitFile: string } | undefined {
  const own = readFileSync("/proc/self/cgroup", "utf8");
  const first = /^\d+:memory:(.*)$/m.exec(own)?.[1];
  const second = /^0::(.*)$/m.exec(own)?.[1];
  const name = `es-doctor-${process.pid}`;
  const candidates = [
    { path: `/sys/fs/cgroup/memory${first}/${name}`, limitFile: "memory.limit_in_bytes" },
    { path: `/sys/fs/cgroup${second}/${name}`, limitFile: "memory.max" },
  ];
  for (const { path, limitFile } of candidates) {
    try {
      mkdirSync(path);
      if (existsSync(join(path, limitFile))) return { path, limitFile };
      rmdirSync(path);
    } catch {
      // Not this version, or not ours to make.
    }
  }
  console.log("skipped: no control group with a memory limit can be made here");
  return undefined;
}

const group = memoryGroup();

describe.skipIf(short || group === undefined)("a control group", () => {
  const { path = "", limitFile = "" } = group ?? {};
  const limit = join(path, limitFile);
  afterAll(() => rmdirSync(path));

  test("that has no room for a 4K pool is a warning with the figures; the advised limit cures it", () => {
    const runtimeDir = ["--runtime-dir", makeRuntimeDir()];
    // Shared memory of the group, as a pool would be.
    const inside = `echo $$ > ${path}/cgroup.procs
      mount -t tmpfs none /mnt
      dd if=/dev/zero of=/mnt/filler bs=1M count=310 2>/dev/null`;
    writeFileSync(limit, String(400 * 2 ** 20));
    const check = examine(runtimeDir, { wrapper: mounts, inside }).check("memory.cgroup");
    console.log(`  ${check.finding}`);
    expect(check.status).toBe("warn");
    expect(check.finding).toContain(`under the limit of 400 MiB`);
    expect(check.finding).toContain(limit);
    const cure = /echo \w+ > \S+/.exec(check.advice ?? "")?.[0];
    expect(spawnSync("sh", ["-ec", cure ?? "false"]).status).toBe(0);
    console.log(`  cured by: ${cure}`);
    expect(examine(runtimeDir, { wrapper: mounts, inside }).check("memory.cgroup").status).toBe("ok");
  });
});
