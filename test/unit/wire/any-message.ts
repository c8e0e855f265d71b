/** Messages with every value that their fields can hold, and bytes that are almost messages. */
import fc from "fast-check";
import type { NativePolicy } from "../../../native/binding.ts";
import { formatNames } from "../../../sdk/base/format.ts";
import { causeCodes, modeCodes, resultCodes, roleCodes, stateCodes } from "../../../transports/wire/codes.ts";
import { encodeMessage, type WireMessage, wireLimits } from "../../../transports/wire/index.ts";
import { messageKinds } from "../../../transports/wire/messages.ts";

const u8 = fc.integer({ min: 0, max: 0xff });
const u32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const i32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const i64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const nameOf = <T extends string>(codes: Readonly<Record<T, number>>) =>
  fc.constantFrom(...(Object.keys(codes) as T[]));
const bytes = (maxLength: number) => fc.uint8Array({ maxLength });

/** Any characters, cut to what fits. */
function text(bytesMax: number): fc.Arbitrary<string> {
  const fits = (value: string) => Buffer.byteLength(value) <= bytesMax;
  return fc.string({ unit: "binary", maxLength: Math.ceil(bytesMax / 2) }).filter(fits);
}

const policy = fc.record({
  capacity: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
  whenFull: u8,
  pick: u8,
  onStall: u8,
  start: u8,
  onDisconnect: u8,
  noReuse: fc.boolean(),
  maxHeld: fc.integer({ min: 0, max: 0xffff }),
  maxWaitMs: i32,
  maxLag: u32,
  maxLagTotal: u32,
  label: text(15).filter((label) => !label.includes("\0")),
}) as fc.Arbitrary<NativePolicy>;

const plane = fc.record({
  offset: fc.integer({ min: 0, max: 1000 }),
  stride: fc.integer({ min: 0, max: 1000 }),
  width: u32,
  height: fc.integer({ min: 0, max: 1000 }),
});

const format = fc.record({
  name: fc.constantFrom(...formatNames),
  width: u32,
  height: u32,
  planes: fc.array(plane, { minLength: 1, maxLength: 3 }),
  size: fc.integer({ min: 1_001_000, max: wireLimits.frameBytesMax }),
  timeBaseNum: u32,
  timeBaseDen: u32,
});

const attributes = fc.record(
  {
    format: fc.constantFrom(...formatNames),
    width: u32,
    height: u32,
    mode: nameOf(modeCodes),
    supportReset: fc.boolean(),
    supportReuse: fc.boolean(),
    fifoLength: u32,
    producerMaxFrameHint: u32,
    consumerMaxFrameHint: u32,
  },
  { requiredKeys: [], noNullPrototype: true },
);

const hello = nameOf(roleCodes).chain((role) =>
  fc.record({
    type: fc.constant("hello" as const),
    role: fc.constant(role),
    stream: fc.stringMatching(/^[A-Za-z0-9_-]{1,63}$/),
    client: text(wireLimits.clientBytesMax),
    token: text(wireLimits.tokenBytesMax),
    userInfo: bytes(wireLimits.userInfoBytesMax),
    formatMask: u32,
    idleMs: u32,
    previousEpoch: u64,
    previous: u64,
    policy: role === "consume" ? policy : fc.constant(undefined),
  }),
);

const frame = fc.record({
  type: fc.constant("frame" as const),
  number: u64,
  epoch: u64,
  pts: i64,
  duration: i64,
  captured: i64,
  posted: i64,
  skipped: u64,
  size: fc.integer({ min: 0, max: wireLimits.frameBytesMax }),
  layout: u32,
  metadata: bytes(1024),
  block0: bytes(768),
  block1: bytes(768),
  block2: bytes(768),
  block3: bytes(768),
});

const reason = text(wireLimits.reasonBytesMax);
const type = <T extends string>(name: T) => fc.constant(name);

export const anyMessage: fc.Arbitrary<WireMessage> = fc.oneof(
  hello,
  fc.record({ type: type("welcome"), connection: u64, epoch: u64, idleMs: u32, policy }),
  fc.record({ type: type("refused"), code: nameOf(resultCodes), reason }),
  fc.record({ type: type("bye"), cause: nameOf(causeCodes), reason }),
  fc.record({ type: type("attributes"), attributes }),
  fc.record({ type: type("layout"), layout: u32, format }),
  frame,
  fc.record({ type: type("credit"), granted: u64, acquired: u64, skipped: u64, frame: u64 }),
  fc.record({ type: type("reset"), frame: u64 }),
  fc.record({ type: type("ping"), id: u64, sent: i64 }),
  fc.record({ type: type("pong"), id: u64, sent: i64, received: i64, answered: i64 }),
  fc.record({
    type: type("report"),
    frame: u64,
    posted: u64,
    delivered: u64,
    skipped: u64,
    discarded: u64,
    waiting: u64,
  }),
  fc.record({ type: type("state"), state: nameOf(stateCodes), latencyUs: u32, frame: u64 }),
  fc.record({
    type: type("streamInfo"),
    frames: u64,
    bytes: u64,
    elapsed: i64,
    info: bytes(wireLimits.streamInfoBytesMax),
  }),
  fc.record({ type: type("userInfo"), info: bytes(wireLimits.userInfoBytesMax) }),
  fc.record({ type: type("listing"), list: text(wireLimits.listBytesMax) }),
);

/** A header with a known type in front of bytes of chance. */
const noise = fc.tuple(fc.constantFrom(...messageKinds), fc.uint8Array({ maxLength: 300 })).map(([{ id }, body]) => {
  const whole = new Uint8Array(8 + body.length);
  const view = new DataView(whole.buffer);
  view.setUint32(0, body.length, true);
  view.setUint16(4, id, true);
  whole.set(body, 8);
  return whole;
});

/** A message with one byte of its body changed: it gets further than noise. */
const changed = fc.tuple(anyMessage, fc.nat(), u8).map(([message, place, value]) => {
  const whole = encodeMessage(message);
  whole[8 + (place % (whole.length - 8))] = value;
  return whole;
});

export const broken: fc.Arbitrary<Uint8Array> = fc.oneof(noise, changed);
