/** What of CUDA is here. Frames in GPU memory are not built into this version. */
import { type Check, ok, skip, warn } from "./check.ts";
import type { Context } from "./context.ts";
import type { Machine } from "./machine.ts";
import { probeLibrary } from "./probe-program.ts";

const notBuiltIn = "GPU memory is not built into this version: frames are in host memory";

export async function checkGpu({ machine }: Context): Promise<Check[]> {
  const devices = gpuDevices(machine);
  if (devices.length === 0)
    return [skip("gpu.device", `no NVIDIA device (/dev/nvidia*, /dev/nvhost-gpu). ${notBuiltIn}`)];
  return [checkDevices(machine, devices), checkDriver(machine), await checkLibrary(machine)];
}

/** Numbered devices of desktop and server drivers, and those of Jetson. */
function gpuDevices(machine: Machine): string[] {
  return machine
    .list("/dev")
    .filter((name) => /^nvidia\d+$|^nvhost-gpu$|^nvhost-ctrl-gpu$/.test(name))
    .map((name) => `/dev/${name}`);
}

function checkDevices(machine: Machine, devices: readonly string[]): Check {
  const id = "gpu.device";
  const closed = devices.filter((device) => !machine.mayReadAndWrite(device));
  if (closed.length === 0) return ok(id, `${devices.join(", ")}. ${notBuiltIn}`);
  const advice = "add this user to the group of the device (ls -l /dev/nvidia*), or docker run --gpus all";
  return warn(id, `this user may not open ${closed.join(", ")}. ${notBuiltIn}`, advice);
}

/** `NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5 …` */
export function parseDriverVersion(text: string): string | undefined {
  return /^NVRM version:.*?\s(\d+(?:\.\d+)+)\s/m.exec(text)?.[1];
}

function checkDriver(machine: Machine): Check {
  const id = "gpu.driver";
  const version = parseDriverVersion(machine.read("/proc/driver/nvidia/version") ?? "");
  if (version !== undefined) return ok(id, `kernel driver ${version}`);
  if (machine.exists("/etc/nv_tegra_release")) return ok(id, "the driver of Jetson Linux");
  return warn(id, "the kernel driver says no version (/proc/driver/nvidia/version)", "sudo modprobe nvidia");
}

async function checkLibrary(machine: Machine): Promise<Check> {
  const id = "gpu.library";
  const { answers, problem } = await probeLibrary(machine, "libcuda.so.1");
  const load = answers.get("load");
  if (load === undefined) return skip(id, `not tried: ${problem ?? "no answer"}`);
  const version = answers.get("version")?.detail;
  if (load.outcome === "ok") return ok(id, `${load.detail}${version === undefined ? "" : `, CUDA ${version}`}`);
  const advice = "install the driver's libraries; docker run --gpus all -e NVIDIA_DRIVER_CAPABILITIES=compute,utility";
  return warn(id, `libcuda.so.1 does not load: ${load.detail}`, advice);
}
