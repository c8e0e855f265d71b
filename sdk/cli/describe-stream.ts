/** A report of a stream as the fields of a JSON object. */
import type { NativeConnectionInfo, NativeProducerInfo } from "../../native/binding.ts";
import { bindingHost } from "../binding-host.ts";

export function describeProducer(info: NativeProducerInfo): object {
  const { name, width, height, timeBaseNum, timeBaseDen } = info.format;
  return {
    state: bindingHost().state(info.state),
    format: name,
    width,
    height,
    timeBase: timeBaseDen === 0 ? undefined : { num: timeBaseNum, den: timeBaseDen },
    epoch: info.epoch,
    frames: info.frames,
    noConsumer: info.noConsumer,
    pool: {
      bytes: info.poolBytes,
      slots: info.slots,
      slotsFree: info.slotsFree,
      memoryObjects: info.memoryObjects,
    },
  };
}

export function describeConnection(connection: NativeConnectionInfo): object {
  const { policy, state, latencyUs, previous, ...rest } = connection;
  return {
    ...rest,
    previous: previous === 0n ? undefined : previous,
    consumerLatencyUsec: latencyUs,
    mode: policy.label,
    state: bindingHost().state(state),
  };
}
