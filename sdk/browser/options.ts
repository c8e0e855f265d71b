/** What `connectConsumer` is told, checked and filled in. By hand: a page should not have to load a library for it. */
import type { NativePolicy } from "../../native/binding.ts";
import { wireLimits } from "../../transports/wire/index.ts";
import { defaults, limits, networkDefaults } from "../base/defaults.ts";
import { StreamError } from "../base/errors.ts";
import { formatMask, formatNames } from "../base/format.ts";
import { reconnectWithDefaults } from "../base/reconnect.ts";
import type { FormatName, ModeOptions, ReconnectOptions, WaitOptions } from "../base/types.ts";
import { toNativePolicy } from "../native-policy.ts";
import { type PageAddress, parsePageAddress } from "./page-address.ts";

export interface ConnectOptions
  extends Pick<ModeOptions, "mode" | "fifoLength" | "capacity" | "maxLag" | "maxLagTotal" | "start" | "onDisconnect"> {
  /** The secret that lets this page read, at most 512 bytes. Sent inside the connection, never in its address. */
  token?: string;
  /** Formats this page can take; a producer of another one refuses it. @default any */
  formats?: readonly FormatName[];
  /** Shown to the producer's observers, at most 63 bytes. @default "browser" */
  client?: string;
  /** Ends the attempt to connect. Not the connection: that is `close()`. */
  signal?: AbortSignal;
  /** How long the first answer may take, ms. @default 5000 */
  connectTimeoutMs?: number;
  /** The producer is lost after so long without a byte from it, ms; 0 = never. @default 10000 */
  idleTimeoutMs?: number;
  /** Live through a lost connection, and through restarts of the producer. @default false */
  reconnect?: boolean | ReconnectOptions;
  /** mailbox, broadcast: a frame is sent only while somebody waits for one. @default false */
  demand?: boolean;
}

/** Everything a connection needs to know. */
export interface ConnectRequest extends PageAddress {
  policy: NativePolicy;
  mode: string;
  formatMask: number;
  client: string;
  token: string;
  connectTimeoutMs: number;
  idleMs: number;
  demand: boolean;
  backoff: Required<ReconnectOptions> | undefined;
}

const clientName = "browser";
const modeNames = ["mailbox", "fifo", "broadcast"] as const;
const optionNames = [
  "mode",
  "fifoLength",
  "capacity",
  "maxLag",
  "maxLagTotal",
  "start",
  "onDisconnect",
  "token",
  "formats",
  "client",
  "signal",
  "connectTimeoutMs",
  "idleTimeoutMs",
  "reconnect",
  "demand",
] as const satisfies readonly (keyof ConnectOptions)[];
/** Which mode an option is for. */
const modeOf = { fifoLength: ["fifo"], capacity: ["broadcast"], demand: ["mailbox", "broadcast"] } as const;
const bytesOf = (text: string) => new TextEncoder().encode(text).length;

function bad(option: string, expected: string, got: unknown): StreamError {
  return new StreamError("ERR_BAD_PARAMETER", `option "${option}": expected ${expected}, got ${String(got)}`);
}

function integer(option: string, value: unknown, min: number, max: number): void {
  if (value === undefined || (Number.isInteger(value) && (value as number) >= min && (value as number) <= max)) return;
  throw bad(option, `an integer from ${min} to ${max}`, value);
}

function choice(option: string, value: unknown, names: readonly string[]): void {
  if (value !== undefined && !names.includes(value as string)) throw bad(option, `one of ${names.join(", ")}`, value);
}

/** What it got is not said: it may be the token. */
function text(option: string, value: unknown, bytesMax: number): void {
  if (value === undefined || (typeof value === "string" && bytesOf(value) <= bytesMax)) return;
  throw bad(option, `a text of at most ${bytesMax} bytes`, typeof value === "string" ? "a longer one" : typeof value);
}

function checkSignal(value: unknown): void {
  if (value !== undefined && !(value instanceof AbortSignal)) throw bad("signal", "an AbortSignal", typeof value);
}

/** @throws StreamError ERR_BAD_PARAMETER */
export function checkWait({ timeoutMs, signal }: WaitOptions): void {
  integer("timeoutMs", timeoutMs, 0, limits.waitMsMax);
  checkSignal(signal);
}

function number(option: string, value: unknown, min: number, max: number): void {
  if (value === undefined || (typeof value === "number" && value >= min && value <= max)) return;
  throw bad(option, `a number from ${min} to ${max}`, value);
}

function checkReconnect(value: unknown): void {
  if (value === undefined || typeof value === "boolean") return;
  if (typeof value !== "object" || value === null) throw bad("reconnect", "true, false or its options", value);
  const { firstMs, maxMs, factor, jitter, attempts } = value as ReconnectOptions;
  integer("reconnect.firstMs", firstMs, 1, limits.waitMsMax);
  integer("reconnect.maxMs", maxMs, 1, limits.waitMsMax);
  number("reconnect.factor", factor, 1, Number.MAX_VALUE);
  number("reconnect.jitter", jitter, 0, 1);
  number("reconnect.attempts", attempts, 1, Number.POSITIVE_INFINITY);
}

function check(options: ConnectOptions): void {
  const stranger = Object.keys(options).find((option) => !(optionNames as readonly string[]).includes(option));
  if (stranger !== undefined) throw new StreamError("ERR_BAD_PARAMETER", `there is no option "${stranger}"`);
  choice("mode", options.mode, modeNames);
  choice("start", options.start, ["next", "newest"]);
  choice("onDisconnect", options.onDisconnect, ["drop", "drain"]);
  integer("fifoLength", options.fifoLength, 1, limits.capacityMax);
  integer("capacity", options.capacity, 1, limits.capacityMax);
  integer("maxLag", options.maxLag, 1, limits.uint32Max);
  integer("maxLagTotal", options.maxLagTotal, 1, limits.uint32Max);
  integer("connectTimeoutMs", options.connectTimeoutMs, 1, limits.waitMsMax);
  integer("idleTimeoutMs", options.idleTimeoutMs, 0, limits.waitMsMax);
  text("token", options.token, wireLimits.tokenBytesMax);
  text("client", options.client, limits.clientBytesMax);
  checkSignal(options.signal);
  if (options.formats !== undefined && !Array.isArray(options.formats)) throw bad("formats", "a list", options.formats);
  for (const name of options.formats ?? []) choice("formats", name, formatNames);
  checkReconnect(options.reconnect);
  if (options.demand !== undefined) choice("demand", String(options.demand), ["true", "false"]);
  const mode = options.mode ?? defaults.mode;
  for (const [option, modes] of Object.entries(modeOf)) {
    if (options[option as keyof typeof modeOf] === undefined || (modes as readonly string[]).includes(mode)) continue;
    throw new StreamError("ERR_BAD_PARAMETER", `option "${option}" is for mode ${modes.join(", ")}, not for ${mode}`);
  }
}

/** @throws StreamError ERR_BAD_PARAMETER */
export function toConnectRequest(address: string, options: ConnectOptions): ConnectRequest {
  check(options);
  const { mode, fifoLength, capacity, maxLag, maxLagTotal, start, onDisconnect } = options;
  const asked = { mode, fifoLength, capacity, maxLag, maxLagTotal, start, onDisconnect };
  const given = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined)) as ModeOptions;
  return {
    ...parsePageAddress(address),
    policy: toNativePolicy(given, "ipc"),
    mode: mode ?? defaults.mode,
    formatMask: formatMask(options.formats),
    client: options.client ?? clientName,
    token: options.token ?? "",
    connectTimeoutMs: options.connectTimeoutMs ?? networkDefaults.connectTimeoutMs,
    idleMs: options.idleTimeoutMs ?? networkDefaults.idleTimeoutMs,
    demand: options.demand ?? false,
    backoff: reconnectWithDefaults(options.reconnect),
  };
}
