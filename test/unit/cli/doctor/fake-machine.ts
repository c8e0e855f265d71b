/** A machine that is what a test says: its files, links and users. */
import type { Machine } from "../../../../sdk/cli/doctor/machine.ts";

export function fakeMachine(files: Record<string, string> = {}, more: Partial<Machine> = {}): Machine {
  return {
    env: {},
    platform: "linux",
    arch: "x64",
    nodeVersion: "22.1.0",
    kernelRelease: "6.1.0",
    uid: 1000,
    groups: [1000],
    read: (path) => files[path],
    list: () => [],
    link: () => undefined,
    exists: (path) => path in files,
    mayReadAndWrite: () => true,
    space: () => undefined,
    run: async () => ({ stdout: "", stderr: "", code: 0, signal: null, startError: undefined, timedOut: false }),
    ...more,
  };
}
