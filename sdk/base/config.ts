/** Options at the edge: checked once, here. Inside, types are trusted. */
import { z } from "zod";
import { defaults, limits } from "./defaults.ts";
import { StreamError } from "./errors.ts";
import { streamEventNames } from "./event-names.ts";
import { formatNames } from "./format.ts";
import { attributes, dialFields, listenAddress, tls, tokens } from "./network-config.ts";
import { presets } from "./presets.ts";
import { choice, flag, integer, number, says, shown } from "./rules.ts";
import type {
  AcceptOptions,
  ConsumerOptions,
  CreateStreamOptions,
  DroppedEvent,
  FrameSpec,
  ModeOptions,
  OpenStreamOptions,
  PresetName,
  ProducerOptions,
  StreamObserver,
  WaitOptions,
} from "./types.ts";

export {
  attachGraceMs,
  blockMs,
  defaults,
  handshakeMsMin,
  infoMs,
  limits,
  openBackoff,
  standbyPauseMs,
} from "./defaults.ts";

const nameRule = says(`a stream name, 1 to ${limits.nameLengthMax} of A-Z a-z 0-9 _ -`, 'for example "cam1"');
const streamName = z.string(nameRule).regex(/^[A-Za-z0-9_-]{1,63}$/, nameRule);
const path = z.string(says("a path")).min(1, says("a path")).optional();
const signal = z.instanceof(AbortSignal, says("an AbortSignal")).optional();
const timeoutMs = integer(0, limits.waitMsMax, "leave it out for no limit");
const waitMs = integer(-1, limits.waitMsMax, "-1 means for ever");
const clientRule = says(`a text of at most ${limits.clientBytesMax} bytes`);
const client = z
  .string(clientRule)
  .refine((text) => Buffer.byteLength(text) <= limits.clientBytesMax, clientRule)
  .optional();

const modeFields = {
  mode: choice(["mailbox", "fifo", "broadcast"]),
  fifoLength: integer(1, limits.capacityMax, 'for no queue use mode: "mailbox"'),
  capacity: integer(1, limits.capacityMax),
  maxLag: integer(1, limits.uint32Max, "leave it out for no limit"),
  maxLagTotal: integer(1, limits.uint32Max, "leave it out for no limit"),
  whenFull: choice(["wait", "overwrite", "drop"]),
  maxHeld: integer(1, limits.heldMax),
  maxWaitMs: waitMs,
  onStall: choice(["evict", "overwrite"]),
  start: choice(["next", "newest"]),
  onDisconnect: choice(["drain", "drop"]),
  reuse: flag,
};

const timeBasePart = z.int(says("a whole number above 0")).min(1, says("a whole number above 0")).max(limits.uint32Max);
const frameSpec = z
  .strictObject(
    {
      format: z.enum(formatNames, says(`one of ${formatNames.join(" ")}`)),
      width: z.int(says("a whole number")).min(1, says("a number from 1")),
      height: z.int(says("a whole number")).min(1, says("a number from 1")).optional(),
      timeBase: z.strictObject({ num: timeBasePart, den: timeBasePart }, says("{ num, den }")).optional(),
    },
    says("{ format, width, height }"),
  )
  .superRefine(({ format, width, height }, context) => {
    const bytes = format === "bytes";
    const widthMax = bytes ? limits.bytesMax : limits.pixelsMax;
    const heightMax = bytes ? 1 : limits.pixelsMax;
    const report = (field: string, message: string) => context.addIssue({ code: "custom", path: [field], message });
    if (width > widthMax) report("width", `expected at most ${widthMax}, got ${width}`);
    if (!bytes && height === undefined) report("height", `expected 1 to ${limits.pixelsMax}, got nothing; add height`);
    if (height !== undefined && height > heightMax) {
      report(
        "height",
        `expected at most ${heightMax}, got ${height}${bytes ? "; bytes has no height, leave it out" : ""}`,
      );
    }
  });
const frame = frameSpec.optional();

const accept = z
  .strictObject({
    modes: z
      .array(z.enum(["mailbox", "fifo", "broadcast"], says("mode names")), says("an array of mode names"))
      .min(1, says("at least one mode"))
      .optional(),
    maxFifoLength: integer(1, limits.capacityMax),
    maxHeld: integer(1, limits.heldMax),
    maxWaitMs: z
      .int(says("an integer from 1, or -1 for ever"))
      .refine((ms) => ms === -1 || (ms >= 1 && ms <= limits.waitMsMax), says("an integer from 1, or -1 for ever"))
      .optional(),
    maxConsumers: integer(1, limits.consumersMax),
    maxSlots: integer(limits.slotsMin, limits.slotsMax),
    maxPoolBytes: integer(1, Number.MAX_SAFE_INTEGER),
    maxHoldMs: integer(1, limits.waitMsMax, "leave it out for no limit"),
    onHeldTooLong: choice(["announce", "evict"]),
    idleMs: integer(1, limits.waitMsMax, "leave it out for no limit"),
  })
  .optional();

const isFunction = (value: unknown): boolean => typeof value === "function";
function isObserver(value: unknown): value is StreamObserver {
  if (typeof value !== "object" || value === null) return false;
  const methods = value as Record<string, unknown>;
  return streamEventNames.every((name) => methods[name] === undefined || isFunction(methods[name]));
}
const onDrop = z.custom<(drop: DroppedEvent) => void>(isFunction, says("a function")).optional();
const observer = z.custom<StreamObserver>(isObserver, says("an object with methods named after events")).optional();

const backoff = z.strictObject(
  {
    firstMs: integer(1, limits.waitMsMax),
    maxMs: integer(1, limits.waitMsMax),
    factor: number(1, 1000),
    jitter: number(0, 1),
    attempts: integer(1, Number.MAX_SAFE_INTEGER, "leave it out for no limit"),
  },
  says("true, false or { firstMs, maxMs, factor, jitter, attempts }"),
);
/** Not a union: its one message would not say which field is wrong. */
const reconnect = z
  .unknown()
  .superRefine((value, context) => {
    if (value === undefined || typeof value === "boolean") return;
    for (const issue of backoff.safeParse(value).error?.issues ?? []) {
      context.addIssue({ ...issue, input: value as never });
    }
  })
  .optional();

const whileAway = choice(["wait", "hold-last", "fail"]);
const wait = choice(["event", "poll", "block"]);
const modeOptionNames = Object.keys(modeFields) as (keyof ModeOptions)[];
const sharedModeOptionNames: readonly (keyof ModeOptions)[] = ["maxHeld", "start", "reuse"];

const preset = choice(["realtime", "balanced", "reliable"]);

export const createOptions = z.strictObject(
  {
    ...modeFields,
    preset,
    name: streamName.optional(),
    frame,
    memory: z.enum(["auto", "host"], says('"auto" or "host"', "GPU memory is not built into this version")).optional(),
    listen: z.array(listenAddress, says("an array of addresses")).optional(),
    tokens,
    tls,
    origins: z.array(z.string(says("an origin, such as https://ha.local")), says("an array of origins")).optional(),
    attributes,
    idleTimeoutMs: dialFields.idleTimeoutMs,
    strict: flag,
    wait,
    whenNoConsumer: choice(["drop", "wait"]),
    supportReset: flag,
    onDrop,
    producerMaxFrameHint: integer(1, limits.slotsMax),
    consumerMaxFrameHint: integer(1, limits.slotsMax),
    accept,
    observer,
    socketMode: integer(0o001, 0o777, "give permission bits such as 0o660"),
    socketGroup: integer(0, limits.uint32Max - 1, "give the number of a group"),
    runtimeDir: path,
    standby: flag,
    timeoutMs,
    signal,
  },
  says("an options object"),
);

export const openOptions = z.strictObject(
  {
    ...modeFields,
    preset,
    timeoutMs,
    signal,
    runtimeDir: path,
    client,
    reconnect,
    whileAway,
    wait,
    observer,
    ...dialFields,
  },
  says("an options object"),
);

const formats = z
  .array(z.enum(formatNames, says(`names from ${formatNames.join(" ")}`)), says("an array of format names"))
  .min(1, says("at least one format", "leave it out for any"))
  .optional();

const userInfo = z.record(z.string(), z.string(), says("an object whose values are strings")).optional();

const producerOptions = z.strictObject(
  {
    frame,
    accept,
    whenNoConsumer: choice(["drop", "wait"]),
    supportReset: flag,
    onDrop,
    maxWriting: integer(1, limits.writingMax),
    userInfo,
    timeoutMs,
    signal,
  },
  says("an options object"),
);

const consumerOptions = z.strictObject(
  { ...modeFields, timeoutMs, signal, client, formats, reconnect, whileAway, wait, userInfo },
  says("an options object"),
);

type Issue = z.core.$ZodIssue;

function sentence(issue: Issue, known: readonly string[]): string {
  if (issue.code !== "unrecognized_keys") {
    return issue.path.length === 0 ? issue.message : `option "${issue.path.join(".")}": ${issue.message}`;
  }
  const keys = issue.keys.map((key) => `"${[...issue.path, key].join(".")}"`).join(", ");
  return `unknown option ${keys}; ${issue.path.length === 0 ? `known are ${known.join(", ")}` : "remove it"}`;
}

export function check<T>(where: string, schema: z.ZodObject, options: T | undefined): T {
  const result = schema.safeParse(options ?? {});
  if (!result.success) {
    const known = Object.keys(schema.shape);
    const text = result.error.issues.map((issue) => sentence(issue, known)).join("; ");
    throw new StreamError("ERR_BAD_PARAMETER", `${where}: ${text}`);
  }
  return result.data as T;
}

/** An option that only one mode reads, given to another, is a mistake worth a word. */
export function checkModeOwnsOptions(where: string, options: ModeOptions, mode: ModeOptions["mode"]): void {
  const owned = [
    ["fifoLength", "fifo"],
    ["capacity", "broadcast"],
  ] as const;
  for (const [option, owner] of owned) {
    if (options[option] === undefined || mode === owner) continue;
    const hint = `"${option}" belongs to mode "${owner}", got mode "${mode}"; add mode: "${owner}" or leave it out`;
    throw new StreamError("ERR_BAD_PARAMETER", `${where}: option ${hint}`);
  }
}

export function checkCreateOptions(options: CreateStreamOptions | undefined): CreateStreamOptions {
  const where = "createStream";
  const checked = withPreset(check(where, createOptions, options));
  checkModeOwnsOptions(where, checked, checked.mode ?? defaults.mode);
  if (checked.listen !== undefined && checked.listen.length > 0 && checked.name === undefined) {
    throw new StreamError("ERR_BAD_PARAMETER", `${where}: "listen" needs a "name" that others can look for; add one`);
  }
  if (checked.standby && (checked.name === undefined || checked.listen?.length === 0)) {
    throw new StreamError(
      "ERR_BAD_PARAMETER",
      `${where}: "standby" waits for a "name" that others can look for; add one`,
    );
  }
  if (!checked.standby && (checked.timeoutMs !== undefined || checked.signal !== undefined)) {
    throw new StreamError("ERR_BAD_PARAMETER", `${where}: only a standby waits; add standby: true`);
  }
  return checked;
}

export function checkOpenOptions(options: OpenStreamOptions | undefined): OpenStreamOptions {
  const checked = withPreset(check("openStream", openOptions, options));
  checkModeOwnsOptions("openStream", checked, checked.mode ?? defaults.mode);
  return checked;
}

export function checkProducerOptions(options: ProducerOptions | undefined): ProducerOptions {
  return check("connectProducer", producerOptions, options);
}

export function checkReconfigure(frame: FrameSpec | undefined): FrameSpec {
  return check("reconfigure", frameSpec as z.ZodObject, frame) as FrameSpec;
}

/** `inherited`: the stream's own mode, which the connection has unless it names another. */
export function checkConsumerOptions(options: ConsumerOptions | undefined, inherited: ModeOptions): ConsumerOptions {
  const checked = check("connectConsumer", consumerOptions, options);
  checkModeOwnsOptions("connectConsumer", checked, checked.mode ?? inherited.mode ?? defaults.mode);
  return checked;
}

export function checkStreamName(name: unknown): string {
  const result = streamName.safeParse(name);
  if (result.success) return result.data;
  throw new StreamError("ERR_BAD_PARAMETER", `stream name: ${result.error.issues[0]?.message}`);
}

/**
 * What one connection asks for: its own options over the stream's. A connection that names another mode than the
 * stream keeps of the stream's options only those that mean the same in every mode.
 */
export function mergeModeOptions(stream: ModeOptions, own: ModeOptions): ModeOptions {
  const streamMode = stream.mode ?? defaults.mode;
  const mode = own.mode ?? streamMode;
  const inherited = mode === streamMode ? modeOptionNames : sharedModeOptionNames;
  return { ...pick(stream, inherited), ...pick(own, modeOptionNames), mode };
}

function pick(options: ModeOptions, names: readonly (keyof ModeOptions)[]): ModeOptions {
  const given = names.filter((name) => options[name] !== undefined);
  return Object.fromEntries(given.map((name) => [name, options[name]]));
}

/** A preset stands behind the options as a stream's mode options stand behind those of a connection. */
export function withPreset<T extends ModeOptions & { preset?: PresetName }>(options: T): T {
  return options.preset === undefined ? options : { ...options, ...mergeModeOptions(presets[options.preset], options) };
}

/** The producer's limits with every default filled in. */
export function acceptWithDefaults(options: AcceptOptions | undefined): Required<AcceptOptions> {
  return {
    modes: options?.modes ?? ["mailbox", "fifo", "broadcast"],
    maxFifoLength: options?.maxFifoLength ?? limits.capacityMax,
    maxHeld: options?.maxHeld ?? limits.heldMax,
    maxWaitMs: options?.maxWaitMs ?? defaults.maxWaitMsAcrossProcesses,
    maxConsumers: options?.maxConsumers ?? defaults.maxConsumers,
    maxSlots: options?.maxSlots ?? limits.slotsMax,
    maxPoolBytes: options?.maxPoolBytes ?? defaults.maxPoolBytes,
    maxHoldMs: options?.maxHoldMs ?? 0, // no limit
    onHeldTooLong: options?.onHeldTooLong ?? defaults.onHeldTooLong,
    idleMs: options?.idleMs ?? 0, // never
  };
}

/** Per frame, so by hand: a schema would cost more than the frame. */
export function checkWaitOptions(options: WaitOptions): void {
  const { timeoutMs: ms, signal: abort } = options;
  if (ms !== undefined && !(typeof ms === "number" && ms >= 0 && ms <= limits.waitMsMax)) {
    const text = `option "timeoutMs": expected 0 to ${limits.waitMsMax}, got ${shown(ms)}; leave it out for no limit`;
    throw new StreamError("ERR_BAD_PARAMETER", text);
  }
  if (abort !== undefined && !(abort instanceof AbortSignal)) {
    throw new StreamError("ERR_BAD_PARAMETER", `option "signal": expected an AbortSignal, got ${shown(abort)}`);
  }
}
