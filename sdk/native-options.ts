/** From checked options to what the addon takes: names become the numbers of `edgestream.h`. */
import { modes } from "../modes/mode.ts";
import type { NativeAccept, NativeFormatSpec, NativeProducerOptions, NativeStreamOptions } from "../native/binding.ts";
import { acceptWithDefaults, defaults } from "./base/config.ts";
import { StreamError } from "./base/errors.ts";
import type { AcceptOptions, CreateStreamOptions, FrameSpec, ProducerOptions } from "./base/types.ts";
import { whenFull } from "./native-policy.ts";

export { toNativePolicy } from "./native-policy.ts";

/** Restates an enum of the header. */
const onHeldTooLong = { announce: 0, evict: 1 } as const;

/**
 * The core knows no mode names, so a mode is accepted by what it needs when full. Refusing the incoming frame (`drop`)
 * costs the producer nothing and is always accepted.
 */
export function toNativeAccept(options: AcceptOptions | undefined): NativeAccept {
  const accept = acceptWithDefaults(options);
  const always = 1 << whenFull.drop;
  return {
    whenFullMask: accept.modes.reduce((mask, name) => mask | (1 << whenFull[modes[name].whenFull]), always),
    maxWaitCapacity: accept.maxFifoLength,
    maxHeld: accept.maxHeld,
    maxConsumers: accept.maxConsumers,
    maxSlots: accept.maxSlots,
    maxWaitMs: accept.maxWaitMs,
    maxPoolBytes: accept.maxPoolBytes,
    maxHoldMs: accept.maxHoldMs,
    onHeldTooLong: onHeldTooLong[accept.onHeldTooLong],
    idleMs: accept.idleMs,
  };
}

export function toNativeStreamOptions(options: CreateStreamOptions): NativeStreamOptions {
  // A name that nobody may look for (`listen: []`) is only a label.
  const listens = options.name !== undefined && (options.listen?.includes("ipc") ?? true);
  return {
    name: listens ? options.name : undefined,
    runtimeDir: options.runtimeDir,
    socketMode: options.socketMode ?? defaults.socketMode,
    socketGroup: options.socketGroup ?? -1,
    strict: options.strict ?? false,
    handshakesPerSecond: defaults.handshakesPerSecond,
  };
}

/** `stream` is what `createStream` said; `own` is what `connectProducer` says on top. */
export function toNativeProducerOptions(stream: CreateStreamOptions, own: ProducerOptions): NativeProducerOptions {
  const frame = own.frame ?? stream.frame;
  if (frame === undefined) {
    const hint = 'expected { format, width, height } here or in createStream, got nothing; add a "frame"';
    throw new StreamError("ERR_BAD_PARAMETER", `connectProducer: option "frame": ${hint}`);
  }
  const maxWriting = own.maxWriting ?? defaults.maxWriting;
  const heldHint = stream.consumerMaxFrameHint; // beside what is written, and one that waits
  return {
    format: toNativeFormat(frame),
    accept: toNativeAccept(own.accept ?? stream.accept),
    maxWriting,
    slots: Math.max(stream.producerMaxFrameHint ?? 0, heldHint === undefined ? 0 : maxWriting + 1 + heldHint),
    waitWithoutConsumer: (own.whenNoConsumer ?? stream.whenNoConsumer ?? defaults.whenNoConsumer) === "wait",
    supportReset: own.supportReset ?? stream.supportReset ?? defaults.supportReset,
    // Only a build for tests obeys this; every other build refuses it.
    unprotected: process.env.EDGESTREAM_TEST_UNPROTECTED === "1",
  };
}

export function toNativeFormat(frame: FrameSpec): NativeFormatSpec {
  return {
    name: frame.format,
    width: frame.width,
    height: frame.format === "bytes" ? 1 : (frame.height ?? 1),
    timeBaseNum: frame.timeBase?.num ?? 0,
    timeBaseDen: frame.timeBase?.den ?? 0,
  };
}
