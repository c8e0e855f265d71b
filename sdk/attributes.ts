/** EGL's attributes by name: who may set which, what an answer is looked up from, and in which state it is too late. */
import type { NativeMark } from "../native/binding.ts";
import { defaults, limits } from "./base/config.ts";
import { StreamError } from "./base/errors.ts";
import type { SettableAttribute, StreamAttributes } from "./base/info-types.ts";
import type { CreateStreamOptions, PendingFrame, StreamState } from "./base/types.ts";
import { noPts, ptsOf } from "./frame.ts";

/** Those that only creation decides. */
export type InitialAttributes = Pick<
  StreamAttributes,
  "streamFifoLength" | "supportReset" | "supportReuse" | "producerMaxFrameHint" | "consumerMaxFrameHint"
>;

/** What `set` changes. */
export type AttributeSettings = Pick<StreamAttributes, SettableAttribute>;

export const defaultSettings: Readonly<AttributeSettings> = {
  consumerLatencyUsec: 0,
  consumerAcquireTimeoutUsec: -1,
};

/** Where the values are. */
export interface AttributeOwner {
  /** @throws StreamError ERR_BAD_STREAM */
  mustBeOpen(): void;
  readonly state: StreamState;
  readonly initial: InitialAttributes;
  setting(name: SettableAttribute): number;
  newest(): NativeMark;
  acquired(): NativeMark;
  pending(): PendingFrame | undefined;
  change(changed: Partial<AttributeSettings>): void;
}

/** `options`: of the stream, with those of the connection over them. `isOurs`: the stream was created here. */
export function initialAttributes(options: CreateStreamOptions, isOurs: boolean): InitialAttributes {
  const fifoLength = options.fifoLength ?? defaults.fifoLength;
  return {
    streamFifoLength: options.mode === "fifo" ? fifoLength : 0,
    supportReset: isOurs ? (options.supportReset ?? defaults.supportReset) : undefined,
    supportReuse: options.reuse ?? defaults.reuse,
    producerMaxFrameHint: options.producerMaxFrameHint,
    consumerMaxFrameHint: options.consumerMaxFrameHint,
  };
}

export const noMark: NativeMark = { number: 0n, pts: noPts };

const lookUps: { readonly [Name in keyof StreamAttributes]: (owner: AttributeOwner) => StreamAttributes[Name] } = {
  streamState: (owner) => owner.state,
  producerFrame: (owner) => owner.newest().number,
  consumerFrame: (owner) => owner.acquired().number,
  pendingFrame: (owner) => owner.pending()?.number ?? 0n,
  streamTimeNow: () => process.hrtime.bigint(),
  streamTimeProducer: (owner) => ptsOf(owner.newest().pts) ?? 0n,
  streamTimeConsumer: (owner) => ptsOf(owner.acquired().pts) ?? 0n,
  streamTimePending: (owner) => owner.pending()?.pts ?? 0n,
  consumerLatencyUsec: (owner) => owner.setting("consumerLatencyUsec"),
  consumerAcquireTimeoutUsec: (owner) => owner.setting("consumerAcquireTimeoutUsec"),
  streamFifoLength: (owner) => owner.initial.streamFifoLength,
  supportReset: (owner) => owner.initial.supportReset,
  supportReuse: (owner) => owner.initial.supportReuse,
  producerMaxFrameHint: (owner) => owner.initial.producerMaxFrameHint,
  consumerMaxFrameHint: (owner) => owner.initial.consumerMaxFrameHint,
};

/** The smallest value of those that may be set. */
const least: Readonly<Record<SettableAttribute, number>> = {
  consumerLatencyUsec: 0,
  consumerAcquireTimeoutUsec: -limits.waitMsMax,
};

export function queryAttribute<Name extends keyof StreamAttributes>(
  owner: AttributeOwner,
  name: Name,
): StreamAttributes[Name] {
  owner.mustBeOpen();
  mustBeKnown(name);
  return lookUps[name](owner);
}

export function setAttribute(owner: AttributeOwner, name: SettableAttribute, value: number): void {
  owner.mustBeOpen();
  mustBeKnown(name);
  if (!Object.hasOwn(least, name)) throw new StreamError("ERR_BAD_ACCESS", `attribute "${name}" can only be queried`);
  if (owner.state === "disconnected") {
    throw new StreamError("ERR_BAD_STATE", `attribute "${name}": the stream is disconnected`);
  }
  if (!Number.isInteger(value) || value < least[name] || value > limits.waitMsMax) {
    const range = `an integer from ${least[name]} to ${limits.waitMsMax}`;
    throw new StreamError("ERR_BAD_PARAMETER", `attribute "${name}": expected ${range}, got ${String(value)}`);
  }
  owner.change({ [name]: value });
}

function mustBeKnown(name: unknown): void {
  if (typeof name === "string" && Object.hasOwn(lookUps, name)) return;
  const known = Object.keys(lookUps).join(", ");
  throw new StreamError("ERR_BAD_ATTRIBUTE", `there is no attribute "${String(name)}"; known are ${known}`);
}
