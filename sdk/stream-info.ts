/** stream.info(): what the producer tells, with what is measured laid over it. */
import type { NativeReport } from "../native/binding.ts";
import { infoMs } from "./base/config.ts";
import { native } from "./base/errors.ts";
import type { StreamInfo } from "./base/info-types.ts";
import { parseStreamMetadata } from "./base/stream-metadata.ts";
import type { FormatName, WaitOptions } from "./base/types.ts";
import type { BindingHost } from "./binding-host.ts";
import { aborted, timedOut } from "./flow.ts";
import { KeepAlive } from "./keep-alive.ts";
import { Gate } from "./wait.ts";

export function toStreamInfo(host: BindingHost, name: string | undefined, report: NativeReport): StreamInfo {
  const { info, connections, streamInfo } = report;
  const perSecond = (count: number) => (streamInfo.elapsed === 0 ? 0 : (count * 1e9) / streamInfo.elapsed);
  return {
    ...parseStreamMetadata(streamInfo.text),
    name,
    fps: perSecond(streamInfo.frames),
    bytesPerSecond: perSecond(streamInfo.bytes),
    format: info.format.name === "" ? undefined : (info.format.name as FormatName),
    width: info.format.width,
    height: info.format.height,
    modes: [...new Set(connections.map(({ policy }) => policy.label))],
    state: host.state(info.state),
    epoch: info.epoch,
    frames: info.frames,
    consumers: info.connections,
  };
}

/** Asks a producer that may be in another process, without taking a seat. */
export async function askForInfo(
  host: BindingHost,
  name: string,
  runtimeDir: string | undefined,
  options: WaitOptions,
): Promise<StreamInfo> {
  const observer = native(() => host.binding.openObserver(name, runtimeDir));
  const gate = new Gate(new KeepAlive(host.loop));
  host.register(observer.id, { onWake: () => {}, onEvent: () => gate.wake() });
  const attempt = () => {
    const report = native(() => observer.report());
    return report && toStreamInfo(host, name, report);
  };
  const giveUp = (why: "timeout" | "aborted"): never => {
    throw why === "aborted" ? aborted("info") : timedOut("info");
  };
  try {
    native(() => observer.query());
    return await gate.wait<StreamInfo>(attempt, giveUp, { timeoutMs: infoMs, ...options });
  } finally {
    host.unregister(observer.id);
    observer.close();
  }
}
