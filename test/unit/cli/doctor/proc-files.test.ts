import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  isAtLeast,
  meminfoBytes,
  mountOf,
  parseFields,
  parseLimits,
  parseMountInfo,
  parseOsRelease,
  parseUidMap,
  parseVersion,
} from "../../../../sdk/cli/doctor/proc-files.ts";

describe("os-release", () => {
  test("values with and without quotes, with escapes, comments left out", () => {
    const text = [
      "# a comment",
      'NAME="Debian GNU/Linux"',
      "VERSION_ID='12'",
      "ID=debian",
      'ODD="a \\"quoted\\" \\$word"',
      "not a line",
    ].join("\n");
    expect(parseOsRelease(text)).toEqual({
      NAME: "Debian GNU/Linux",
      VERSION_ID: "12",
      ID: "debian",
      ODD: 'a "quoted" $word',
    });
  });

  test("this machine's has a name", () => {
    expect(parseOsRelease(readFileSync("/etc/os-release", "utf8"))["ID"]).toMatch(/^[a-z]+/);
  });
});

describe("/proc/self/limits", () => {
  /** In columns, as the kernel prints it. */
  const rows = [
    ["Limit", "Soft Limit", "Hard Limit", "Units"],
    ["Max cpu time", "unlimited", "unlimited", "seconds"],
    ["Max open files", "1024", "1048576", "files"],
    ["Max nice priority", "0", "0", ""],
  ];
  const line = ([name = "", soft = "", hard = "", unit = ""]: string[]) =>
    `${name.padEnd(26)}${soft.padEnd(21)}${hard.padEnd(21)}${unit.padEnd(10)}\n`;
  const text = rows.map(line).join("");

  test("numbers and unlimited, names with spaces, lines without a unit", () => {
    const limits = parseLimits(text);
    expect(limits.get("Max open files")).toEqual({ soft: 1024, hard: 1_048_576 });
    expect(limits.get("Max cpu time")).toEqual({ soft: Number.POSITIVE_INFINITY, hard: Number.POSITIVE_INFINITY });
    expect(limits.get("Max nice priority")).toEqual({ soft: 0, hard: 0 });
    expect(limits.size).toBe(3);
  });

  test("this process's has the limits that the doctor asks for", () => {
    const limits = parseLimits(readFileSync("/proc/self/limits", "utf8"));
    for (const name of ["Max open files", "Max file size", "Max locked memory"]) {
      expect(limits.get(name)?.soft, name).toBeGreaterThan(0);
    }
  });
});

describe("mountinfo", () => {
  const text = `22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw,errors=remount-ro
23 22 0:21 / /run rw,nosuid - tmpfs tmpfs rw,size=10m
40 23 0:40 /volumes/a\\040b /run/with\\040space ro,relatime master:3 - nfs4 server:/x rw,vers=4.2
41 23 0:41 / /run/edgestream rw - tmpfs first rw
42 41 0:42 / /run/edgestream rw - tmpfs second rw
`;
  const mounts = parseMountInfo(text);

  test("optional fields in any number, escapes, options of the mount and of its file system", () => {
    expect(mounts).toHaveLength(5);
    expect(mounts[2]).toEqual({
      root: "/volumes/a b",
      point: "/run/with space",
      type: "nfs4",
      source: "server:/x",
      options: ["ro", "relatime", "rw", "vers=4.2"],
    });
  });

  test("a path belongs to the deepest mount, and of two at one place to the later", () => {
    expect(mountOf(mounts, "/var/lib")?.point).toBe("/");
    expect(mountOf(mounts, "/run/other")?.point).toBe("/run");
    expect(mountOf(mounts, "/run/edgestream")?.source).toBe("second");
    expect(mountOf(mounts, "/run/edgestream/cam.sock")?.source).toBe("second");
    expect(mountOf(mounts, "/running")?.point).toBe("/");
    expect(mountOf([], "/x")).toBeUndefined();
  });

  test("this machine's says where /proc is", () => {
    const here = parseMountInfo(readFileSync("/proc/self/mountinfo", "utf8"));
    expect(mountOf(here, "/proc/self")?.type).toBe("proc");
  });
});

test("fields keep colons in their values; meminfo is in bytes", () => {
  const text = "MemTotal:       16384 kB\nName:\tnode: main\nHugePages_Total:       0\n";
  expect(parseFields(text).get("Name")).toBe("node: main");
  expect(meminfoBytes(text, "MemTotal")).toBe(16_384 * 1024);
  expect(meminfoBytes(text, "HugePages_Total")).toBeUndefined();
  expect(meminfoBytes(text, "Nothing")).toBeUndefined();
});

test("uid_map: ranges in any width, an empty map", () => {
  expect(parseUidMap("         0       1000          1\n    100000     200000      65536\n")).toEqual([
    { inside: 0, outside: 1000, count: 1 },
    { inside: 100_000, outside: 200_000, count: 65_536 },
  ]);
  expect(parseUidMap("")).toEqual([]);
});

test("versions are compared as numbers, missing parts are zero", () => {
  expect(parseVersion("6.1.0-18-amd64")).toEqual([6, 1, 0]);
  expect(parseVersion("v20.19.1")).toEqual([20, 19, 1]);
  expect(parseVersion("none")).toEqual([]);
  expect(isAtLeast([5, 10], [5, 9])).toBe(true);
  expect(isAtLeast([5], [5, 1])).toBe(false);
  expect(isAtLeast([5, 1], [5, 1])).toBe(true);
  expect(isAtLeast([], [5, 1])).toBe(false);
});
