import { describe, expect, test } from "vitest";
import { cpuQuota, foldersOf, memoryLimit, parseGroups } from "../../../../sdk/cli/doctor/cgroup.ts";
import { parseMountInfo } from "../../../../sdk/cli/doctor/proc-files.ts";
import { fakeMachine } from "./fake-machine.ts";

const mib = 2 ** 20;
const unified = "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
const hybrid = `31 23 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
32 23 0:28 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
33 23 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
`;

describe("/proc/self/cgroup", () => {
  test("version 2, version 1, both", () => {
    expect(parseGroups("0::/user.slice\n", "memory")).toEqual([{ version: 2, path: "/user.slice" }]);
    const both = "9:name=systemd:/\n5:cpu,cpuacct:/a\n4:memory:/b\n0::/c\n";
    expect(parseGroups(both, "memory")).toEqual([
      { version: 1, path: "/b" },
      { version: 2, path: "/c" },
    ]);
    expect(parseGroups(both, "cpu")[0]).toEqual({ version: 1, path: "/a" });
  });

  test("a group's folder and all above it", () => {
    const mounts = parseMountInfo(unified);
    expect(foldersOf({ version: 2, path: "/a/b" }, mounts, "memory")).toEqual([
      "/sys/fs/cgroup/a/b",
      "/sys/fs/cgroup/a",
      "/sys/fs/cgroup",
    ]);
    expect(foldersOf({ version: 2, path: "/" }, mounts, "memory")).toEqual(["/sys/fs/cgroup"]);
    // Another namespace's view of a group outside of it.
    expect(foldersOf({ version: 2, path: "/../x" }, mounts, "memory")[1]).toBe("/sys/fs/cgroup");
    expect(foldersOf({ version: 1, path: "/a" }, mounts, "memory")).toEqual([]);
  });

  test("a mount that begins at the container's own group", () => {
    const mounts = parseMountInfo("31 23 0:27 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n");
    const folders = foldersOf({ version: 1, path: "/docker/abc" }, mounts, "memory");
    expect(folders).toEqual(["/sys/fs/cgroup/memory"]);
    expect(foldersOf({ version: 1, path: "/docker/abc/in" }, mounts, "memory")[0]).toBe("/sys/fs/cgroup/memory/in");
  });
});

describe("the memory limit", () => {
  test("is the tightest of the group and those around it; file cache does not count as used", () => {
    const machine = fakeMachine({
      "/proc/self/mountinfo": unified,
      "/proc/self/cgroup": "0::/pod/app\n",
      "/sys/fs/cgroup/pod/app/memory.max": "max\n",
      "/sys/fs/cgroup/pod/app/memory.current": String(90 * mib),
      "/sys/fs/cgroup/pod/memory.max": `${200 * mib}\n`,
      "/sys/fs/cgroup/pod/memory.current": String(150 * mib),
      "/sys/fs/cgroup/pod/memory.stat": `anon 1\ninactive_file ${30 * mib}\n`,
    });
    expect(memoryLimit(machine)).toEqual({
      file: "/sys/fs/cgroup/pod/memory.max",
      limitBytes: 200 * mib,
      usedBytes: 150 * mib,
      freeBytes: 80 * mib,
    });
  });

  test("of version 1, whose largest number is none", () => {
    const files = {
      "/proc/self/mountinfo": hybrid,
      "/proc/self/cgroup": "4:memory:/a\n0::/\n",
      "/sys/fs/cgroup/memory/a/memory.limit_in_bytes": String(64 * mib),
      "/sys/fs/cgroup/memory/a/memory.usage_in_bytes": String(80 * mib),
      "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
      "/sys/fs/cgroup/memory/memory.usage_in_bytes": "1",
    };
    expect(memoryLimit(fakeMachine(files))).toMatchObject({ limitBytes: 64 * mib, freeBytes: 0 });
    const unlimited = { ...files, "/sys/fs/cgroup/memory/a/memory.limit_in_bytes": "9223372036854771712" };
    expect(memoryLimit(fakeMachine(unlimited))).toBeUndefined();
  });

  test("is unknown where nothing can be read", () => {
    expect(memoryLimit(fakeMachine())).toBeUndefined();
  });
});

test("the share of processors, in version 2 and 1", () => {
  const second = {
    "/proc/self/mountinfo": unified,
    "/proc/self/cgroup": "0::/a\n",
    "/sys/fs/cgroup/a/cpu.max": "50000 100000\n",
    "/sys/fs/cgroup/cpu.max": "max 100000\n",
  };
  expect(cpuQuota(fakeMachine(second))).toBe(0.5);
  const first = {
    "/proc/self/mountinfo": hybrid,
    "/proc/self/cgroup": "5:cpu,cpuacct:/a\n",
    "/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us": "150000\n",
    "/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us": "100000\n",
    "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
    "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
  };
  expect(cpuQuota(fakeMachine(first))).toBe(1.5);
  expect(cpuQuota(fakeMachine())).toBeUndefined();
});
