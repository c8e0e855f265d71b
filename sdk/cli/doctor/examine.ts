/** All groups of checks, one after the other. A group that breaks or hangs is a finding, not the end. */
import { type Check, type CheckGroup, fail } from "./check.ts";
import { checkContainer } from "./container.ts";
import { type Context, gatherContext } from "./context.ts";
import { checkGpu } from "./gpu.ts";
import { checkKernel } from "./kernel.ts";
import { checkLimits } from "./limits.ts";
import type { Machine } from "./machine.ts";
import { checkMemory } from "./memory.ts";
import { checkPlatform } from "./platform.ts";
import { checkProcessor } from "./processor.ts";
import { checkRuntime } from "./runtime.ts";
import type { Look } from "./runtime-look.ts";
import { runSelfTest } from "./self-test.ts";
import { checkVideo } from "./video.ts";

/** Far above the limits of the single probes. */
const groupLimitMs = 60_000;

export async function examine(machine: Machine, runtimeDir: string | undefined): Promise<CheckGroup[]> {
  const context: Context = await gatherContext(machine, runtimeDir);
  let chosen: Look | undefined;
  const groups: { title: string; id: string; look: () => Check[] | Promise<Check[]> }[] = [
    { title: "Platform", id: "platform", look: () => checkPlatform(context) },
    { title: "Kernel", id: "kernel", look: () => checkKernel(context) },
    { title: "Self test", id: "selftest", look: () => runSelfTest(context) },
    { title: "Limits", id: "limits", look: () => checkLimits(context) },
    { title: "Memory", id: "memory", look: () => checkMemory(context) },
    {
      title: "Runtime directories",
      id: "runtime",
      look: async () => {
        const found = await checkRuntime(context);
        chosen = found.chosen;
        return found.checks;
      },
    },
    { title: "Video", id: "video", look: () => checkVideo(context) },
    { title: "GPU", id: "gpu", look: () => checkGpu(context) },
    { title: "Container", id: "container", look: () => checkContainer(context, chosen) },
    { title: "Processor", id: "cpu", look: () => checkProcessor(context) },
  ];
  const found: CheckGroup[] = [];
  for (const { title, id, look } of groups) found.push({ title, checks: await bounded(id, look) });
  return found;
}

async function bounded(id: string, look: () => Check[] | Promise<Check[]>): Promise<Check[]> {
  const advice = "please report this, with edgestream doctor --json";
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Check[]>((resolve) => {
    const check = fail(`${id}.examination`, `these checks did not end within ${groupLimitMs / 1000} s`, advice);
    timer = setTimeout(() => resolve([check]), groupLimitMs);
  });
  try {
    return await Promise.race([(async () => look())(), late]);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return [fail(`${id}.examination`, `these checks broke off: ${reason}`, advice)];
  } finally {
    clearTimeout(timer);
  }
}
