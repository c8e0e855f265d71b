import { describe, expect, test } from "vitest";
import { loadBinding } from "../../../../native/load.ts";
import { formatBytes, poolBytes } from "../../../../sdk/cli/doctor/bytes.ts";
import { ok } from "../../../../sdk/cli/doctor/check.ts";
import { containerKind, ownNamespaces } from "../../../../sdk/cli/doctor/container.ts";
import { checkDescriptors, isManyFiles } from "../../../../sdk/cli/doctor/descriptors.ts";
import { parseDriverVersion } from "../../../../sdk/cli/doctor/gpu.ts";
import { checkKernelVersion, checkPassRights } from "../../../../sdk/cli/doctor/kernel.ts";
import { checkDevShm, checkFreeMemory, checkOvercommit } from "../../../../sdk/cli/doctor/memory.ts";
import { checkLibc, checkNode, checkSystem } from "../../../../sdk/cli/doctor/platform.ts";
import { parseAnswers } from "../../../../sdk/cli/doctor/probe-program.ts";
import { checkClock, checkGovernor, checkLoad } from "../../../../sdk/cli/doctor/processor.ts";
import { parseCodecs } from "../../../../sdk/cli/doctor/video.ts";
import { fakeMachine } from "./fake-machine.ts";

describe("platform", () => {
  test("Linux on two architectures, and nothing else", () => {
    expect(checkSystem(fakeMachine()).status).toBe("ok");
    expect(checkSystem(fakeMachine({}, { arch: "arm64" })).status).toBe("ok");
    expect(checkSystem(fakeMachine({}, { arch: "ia32" })).status).toBe("fail");
    expect(checkSystem(fakeMachine({}, { platform: "darwin" })).status).toBe("fail");
  });

  test("Node 20.19 or newer, as numbers", () => {
    expect(checkNode(fakeMachine({}, { nodeVersion: "20.18.3" })).status).toBe("fail");
    expect(checkNode(fakeMachine({}, { nodeVersion: "20.19.0" })).status).toBe("ok");
    expect(checkNode(fakeMachine({}, { nodeVersion: "9.99.0" })).status).toBe("fail");
  });

  test("an old or another C library is a failure only when the addon does not load with it", () => {
    expect(checkLibc("2.36", false).status).toBe("ok");
    expect(checkLibc("2.31", false)).toMatchObject({ status: "fail" });
    expect(checkLibc(undefined, false).advice).toContain("node:22-bookworm-slim");
    expect(checkLibc("2.31", true).status).toBe("ok");
  });

  test("Linux 5.1 or newer", () => {
    expect(checkKernelVersion("4.19.0-26-amd64").status).toBe("fail");
    expect(checkKernelVersion("5.1.0").status).toBe("ok");
    expect(checkKernelVersion("5.15.148-tegra").status).toBe("ok");
  });
});

test("the probe's lines: details with tabs' neighbours, unknown outcomes and cut lines left out", () => {
  const answers = parseAnswers("memfd\tok\t1048576\nseals\terrno\tfcntl: Invalid argument\nx\tmaybe\ty\nclo");
  expect([...answers]).toEqual([
    ["memfd", { outcome: "ok", detail: "1048576" }],
    ["seals", { outcome: "errno", detail: "fcntl: Invalid argument" }],
  ]);
});

test("SO_PASSRIGHTS that a kernel lacks is no defect", () => {
  const answers = parseAnswers("passrights\terrno\tsetsockopt: Protocol not available");
  const check = checkPassRights({ answers, problem: undefined }, "6.1.0");
  expect(check.status).toBe("skip");
  expect(check.finding).toContain("Linux 6.16, this is 6.1.0");
});

describe("descriptors", () => {
  test("the sum: what Node and a stream need, then two for each consumer", () => {
    expect(checkDescriptors(1024, 20, false).status).toBe("ok");
    expect(checkDescriptors(33 + 2 * 16, 20, false)).toMatchObject({ status: "ok" });
    expect(checkDescriptors(33 + 2 * 15, 20, false)).toMatchObject({ status: "warn" });
    expect(checkDescriptors(33 + 2 * 15, 20, false).finding).toContain("enough for 15 consumers");
    expect(checkDescriptors(34, 20, false).status).toBe("fail");
    expect(checkDescriptors(Number.POSITIVE_INFINITY, 20, false).status).toBe("ok");
  });

  test("an import that fails for want of them outweighs the sum", () => {
    expect(checkDescriptors(80, 20, true)).toMatchObject({ status: "fail" });
    expect(isManyFiles("EMFILE", "")).toBe(true);
    expect(isManyFiles(undefined, "cannot create a socket: Too many open files")).toBe(true);
    expect(isManyFiles("ENOENT", "no such file")).toBe(false);
  });
});

describe("memory", () => {
  const meminfo = (availableBytes: number) => ({
    "/proc/meminfo": `MemTotal: ${8 * 2 ** 20} kB\nMemAvailable: ${Math.floor(availableBytes / 1024)} kB\n`,
  });

  test("is measured by typical pools, which are as large as the core makes them", () => {
    const slot = (width: number, height: number) => {
      const { size } = loadBinding().formatLayout("NV12", width, height);
      return Math.ceil(size / 4096) * 4096 + 4096 + 128;
    };
    expect(poolBytes).toEqual({ fullHd: 8 * slot(1920, 1080), uhd: 8 * slot(3840, 2160) });
    expect(checkFreeMemory(fakeMachine(meminfo(poolBytes.uhd + 1024))).status).toBe("ok");
    expect(checkFreeMemory(fakeMachine(meminfo(poolBytes.uhd - 1024))).status).toBe("warn");
    expect(checkFreeMemory(fakeMachine(meminfo(poolBytes.fullHd - 1024))).status).toBe("fail");
  });

  test("with strict accounting is what may still be promised", () => {
    const files = {
      "/proc/sys/vm/overcommit_memory": "2\n",
      "/proc/meminfo": "CommitLimit: 1000000 kB\nCommitted_AS: 995000 kB\n",
    };
    expect(checkOvercommit(fakeMachine(files)).status).toBe("fail");
    expect(checkOvercommit(fakeMachine({ ...files, "/proc/sys/vm/overcommit_memory": "0\n" })).status).toBe("ok");
  });

  test("/dev/shm: gone, full, docker's 64 MiB", () => {
    const shm = (totalBytes: number, freeBytes: number) =>
      checkDevShm(fakeMachine({}, { space: () => ({ totalBytes, freeBytes }) })).status;
    expect(checkDevShm(fakeMachine()).status).toBe("warn");
    expect(shm(64 * 2 ** 20, 0)).toBe("warn");
    expect(shm(64 * 2 ** 20, 64 * 2 ** 20)).toBe("ok");
  });

  test("sizes in words", () => {
    expect(formatBytes(0)).toBe("0 bytes");
    expect(formatBytes(1536)).toBe("1.5 KiB");
    expect(formatBytes(140 * 2 ** 20)).toBe("140 MiB");
  });
});

describe("containers", () => {
  test("are known by what their engines leave", () => {
    expect(containerKind(fakeMachine())).toBeUndefined();
    expect(containerKind(fakeMachine({ "/.dockerenv": "" }))).toContain("docker");
    expect(containerKind(fakeMachine({ "/run/.containerenv": "" }))).toContain("podman");
    expect(containerKind(fakeMachine({ "/proc/self/cgroup": "0::/kubepods/pod1/abc\n" }))).toContain("kubepods");
    expect(containerKind(fakeMachine({}, { env: { container: "lxc" } }))).toContain("lxc");
  });

  test("namespaces are own when they are not those that the kernel starts with", () => {
    const links: Record<string, string> = {
      "/proc/self/ns/user": "user:[4026532240]",
      "/proc/self/ns/pid": "pid:[4026531836]",
    };
    expect(ownNamespaces(fakeMachine({}, { link: (path) => links[path] }))).toEqual(["user"]);
  });
});

describe("processor", () => {
  const folder = "/sys/devices/system/clocksource/clocksource0";

  test("a slow clock is a warning with the way to a better one", () => {
    const answers = (ns: string) => ({ answers: parseAnswers(`clock\tok\t${ns}`), problem: undefined });
    const machine = fakeMachine({
      [`${folder}/current_clocksource`]: "hpet\n",
      [`${folder}/available_clocksource`]: "tsc hpet acpi_pm\n",
    });
    const slow = checkClock(machine, answers("1450.0"));
    expect(slow.status).toBe("warn");
    expect(slow.advice).toBe(`echo tsc | sudo tee ${folder}/current_clocksource`);
    expect(checkClock(machine, answers("30.0")).status).toBe("ok");
  });

  test("powersave is slow with some drivers only", () => {
    const cpufreq = "/sys/devices/system/cpu/cpu0/cpufreq";
    const machine = (governor: string, driver: string) =>
      fakeMachine({ [`${cpufreq}/scaling_governor`]: `${governor}\n`, [`${cpufreq}/scaling_driver`]: `${driver}\n` });
    expect(checkGovernor(machine("powersave", "cpufreq-dt")).status).toBe("warn");
    expect(checkGovernor(machine("powersave", "intel_pstate")).status).toBe("ok");
    expect(checkGovernor(machine("schedutil", "cpufreq-dt")).status).toBe("ok");
    expect(checkGovernor(fakeMachine()).status).toBe("skip");
  });

  test("a load of more than two for each processor is a warning", () => {
    expect(checkLoad(8, 4).status).toBe("ok");
    expect(checkLoad(8.1, 4).status).toBe("warn");
  });
});

test("ffmpeg's table of codecs, without its legend", () => {
  const text = `Decoders:
 V..... = Video
 .F.... = Frame-level multithreading
 ------
 VFS..D h264                 H.264 / AVC
 VFS..D hevc                 HEVC
 A....D aac                  AAC
`;
  expect([...parseCodecs(text)]).toEqual(["h264", "hevc", "aac"]);
});

test("the version of NVIDIA's kernel driver, closed and open", () => {
  const closed =
    "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5 22:23:56 UTC 2024\nGCC: 12.2.0\n";
  const open = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.10  Release Build  (root@x)\n";
  expect(parseDriverVersion(closed)).toBe("550.54.15");
  expect(parseDriverVersion(open)).toBe("570.86.10");
  expect(parseDriverVersion("")).toBeUndefined();
});

test("a finding is one line without commands to the terminal, whatever a path holds", () => {
  expect(ok("x", "/tmp/a\nb\u001b[2J").finding).toBe("/tmp/a b [2J");
});
