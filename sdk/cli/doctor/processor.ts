/** The clock that stamps frames, the processors, their speed and their load. */
import { availableParallelism, cpus, loadavg } from "node:os";
import { cpuQuota } from "./cgroup.ts";
import { type Check, ok, skip, warn } from "./check.ts";
import type { Context } from "./context.ts";
import type { Machine } from "./machine.ts";
import type { ProbeAnswers } from "./probe-program.ts";

export function checkProcessor({ machine, kernel }: Context): Check[] {
  return [
    checkClock(machine, kernel),
    checkCount(machine),
    checkGovernor(machine),
    checkLoad(loadavg()[0] ?? 0, availableParallelism()),
  ];
}

const clockFolder = "/sys/devices/system/clocksource/clocksource0";
/** Above this, reading the clock is a system call or a slow device, not a few instructions. */
const slowClockNs = 500;

/** A frame takes about four readings on its way. */
export function checkClock(machine: Machine, { answers }: ProbeAnswers): Check {
  const id = "cpu.clock";
  const source = machine.read(`${clockFolder}/current_clocksource`)?.trim() ?? "unknown";
  const answer = answers.get("clock");
  const ns = answer?.outcome === "ok" ? Number(answer.detail) : undefined;
  const finding = `clock source ${source}${ns === undefined ? "" : `, ${ns.toFixed(0)} ns per reading`}`;
  if (ns === undefined || ns < slowClockNs) return ok(id, finding);
  const others = machine.read(`${clockFolder}/available_clocksource`)?.trim().split(/\s+/) ?? [];
  const better = others.find((name) => name !== source && /tsc|kvm-clock|arch_sys_counter/.test(name));
  const advice =
    better === undefined
      ? "nothing to do unless frames are small and many: each costs about four readings"
      : `echo ${better} | sudo tee ${clockFolder}/current_clocksource`;
  return warn(id, `${finding}: slow`, advice);
}

function checkCount(machine: Machine): Check {
  const id = "cpu.count";
  const all = cpus();
  const model = all[0]?.model.trim() || "unknown model";
  const quota = cpuQuota(machine);
  const finding = `${all.length || availableParallelism()} processors, ${model}`;
  if (quota === undefined) return ok(id, finding);
  const limited = `${finding}; the control group may use ${quota.toFixed(2)} of them`;
  if (quota >= 1) return ok(id, limited);
  return warn(
    id,
    `${limited}: it is stopped for part of every period, frames come late`,
    "docker update --cpus 1 <container>, systemd: CPUQuota=100%",
  );
}

export function checkGovernor(machine: Machine): Check {
  const id = "cpu.governor";
  const folder = "/sys/devices/system/cpu/cpu0/cpufreq";
  const governor = machine.read(`${folder}/scaling_governor`)?.trim();
  const driver = machine.read(`${folder}/scaling_driver`)?.trim() ?? "unknown driver";
  if (governor === undefined) return skip(id, "the speed of the processors is not set here (no cpufreq)");
  const finding = `governor ${governor} (${driver})`;
  // These two drivers use the whole range under that name.
  if (governor !== "powersave" || /^(intel_pstate|amd-pstate-epp)$/.test(driver)) return ok(id, finding);
  const advice = "echo schedutil | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor";
  return warn(id, `${finding} keeps the processors at their lowest speed`, advice);
}

/** Twice as much work as processors is more than a burst. */
export function checkLoad(load: number, count: number): Check {
  const id = "cpu.load";
  const finding = `load ${load.toFixed(2)} on ${count} processors`;
  if (load <= 2 * count) return ok(id, finding);
  return warn(id, `${finding}: processes wait for their turn, frames come late`, "look for what runs: top -o %CPU");
}
