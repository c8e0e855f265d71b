/** One message of each type beside its bytes, written down from docs/wire.md and not by the code under test. */
import type { NativePolicy } from "../../../native/binding.ts";
import type { FormatDescription } from "../../../sdk/base/format.ts";
import type { WireMessage } from "../../../transports/wire/index.ts";

export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
/** Plain: a Buffer would not equal it. */
export const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}

const fifo: NativePolicy = {
  capacity: 4,
  whenFull: 0,
  pick: 0,
  onStall: 1,
  start: 1,
  onDisconnect: 1,
  noReuse: false,
  maxHeld: 2,
  maxWaitMs: 5000,
  maxLag: 7,
  maxLagTotal: 9,
  label: "fifo",
};

const mailbox: NativePolicy = {
  capacity: 1,
  whenFull: 1,
  pick: 1,
  onStall: 0,
  start: 0,
  onDisconnect: 0,
  noReuse: true,
  maxHeld: 1,
  maxWaitMs: -1,
  maxLag: 0,
  maxLagTotal: 0,
  label: "mailbox",
};

/** 4 x 2 pixels. */
const nv12: FormatDescription = {
  name: "NV12",
  width: 4,
  height: 2,
  planes: [
    { offset: 0, stride: 4, width: 4, height: 2 },
    { offset: 8, stride: 4, width: 2, height: 1 },
  ],
  size: 12,
  timeBaseNum: 1,
  timeBaseDen: 90000,
};

export const openingHex = "4553573101000100";

/** The 16 bytes in front of 5 bytes of pixels for byte 7 of a frame. */
export const chunkHex = "0d000000080000000700000000000000";

export const samples: readonly { message: WireMessage; hex: string }[] = [
  {
    message: {
      type: "hello",
      role: "consume",
      stream: "cam1",
      client: "vü",
      token: "secret",
      userInfo: bytesOf("7b2261223a317d"),
      formatMask: 0x401,
      idleMs: 3000,
      previousEpoch: 0x1122334455667788n,
      previous: 5n,
      policy: fifo,
    },
    hex: [
      "5c00000001000000",
      "010403000600070001040000b80b000088776655443322110500000000000000",
      "0400000000000101010002008813000007000000090000006669666f00000000",
      "000000000000000063616d3176c3bc7365637265747b2261223a317d",
    ].join(""),
  },
  {
    message: {
      type: "welcome",
      connection: 258n,
      epoch: 0x1122334455667788n,
      idleMs: 10000,
      policy: mailbox,
    },
    hex: [
      "4000000002000000",
      "0201000000000000887766554433221110270000000000000100000001010000",
      "00010100ffffffff00000000000000006d61696c626f78000000000000000000",
    ].join(""),
  },
  {
    message: { type: "refused", code: "ERR_BAD_MATCH", reason: "size" },
    hex: ["0c00000003000000", "fbffffff0400000073697a65"].join(""),
  },
  {
    message: { type: "bye", cause: "evicted-stall", reason: "lag" },
    hex: ["0b00000004000000", "08000000030000006c6167"].join(""),
  },
  {
    message: { type: "attributes", attributes: { format: "I420", width: 640, supportReset: true, fifoLength: 3 } },
    hex: ["2000000005000000", "5300000001000000800200000000000000010000030000000000000000000000"].join(""),
  },
  {
    message: { type: "layout", layout: 2, format: nv12 },
    hex: [
      "6000000006000000",
      "02000000000000004e5631320000000004000000020000000200000000000000",
      "0400000004000000020000000800000004000000020000000100000000000000",
      "000000000000000000000000000000000c0000000000000001000000905f0100",
    ].join(""),
  },
  {
    message: {
      type: "frame",
      number: 259n,
      epoch: 0x1122334455667788n,
      pts: -(2n ** 63n),
      duration: 40_000_000n,
      captured: -2n,
      posted: 1_000_000_000n,
      skipped: 3n,
      size: 12,
      layout: 2,
      metadata: bytesOf("aabb"),
      block0: bytesOf("01"),
      block1: bytesOf(""),
      block2: bytesOf(""),
      block3: bytesOf("78797a"),
    },
    hex: [
      "5600000007000000",
      "030100000000000088776655443322110000000000000080005a620200000000",
      "feffffffffffffff00ca9a3b0000000003000000000000000c00000002000000",
      "02000100000000000300000000000000aabb0178797a",
    ].join(""),
  },
  {
    message: { type: "credit", granted: 10n, acquired: 7n, skipped: 2n, frame: 300n },
    hex: ["2000000009000000", "0a00000000000000070000000000000002000000000000002c01000000000000"].join(""),
  },
  {
    message: { type: "reset", frame: 300n },
    hex: ["080000000a000000", "2c01000000000000"].join(""),
  },
  {
    message: { type: "ping", id: 1n, sent: 1000n },
    hex: ["100000000b000000", "0100000000000000e803000000000000"].join(""),
  },
  {
    message: { type: "pong", id: 1n, sent: 1000n, received: -5n, answered: -4n },
    hex: ["200000000c000000", "0100000000000000e803000000000000fbfffffffffffffffcffffffffffffff"].join(""),
  },
  {
    message: { type: "report", frame: 300n, posted: 20n, delivered: 10n, skipped: 7n, discarded: 2n, waiting: 1n },
    hex: [
      "3000000001800000",
      "2c0100000000000014000000000000000a000000000000000700000000000000",
      "02000000000000000100000000000000",
    ].join(""),
  },
  {
    message: { type: "state", state: "new-frame-available", latencyUs: 16000, frame: 300n },
    hex: ["1000000002800000", "04000000803e00002c01000000000000"].join(""),
  },
  {
    message: { type: "streamInfo", frames: 50n, bytes: 600n, elapsed: 2_000_000_000n, info: bytesOf("7b7d") },
    hex: ["2200000003800000", "3200000000000000580200000000000000943577000000000200000000000000", "7b7d"].join(""),
  },
  {
    message: { type: "userInfo", info: bytesOf("7b7d") },
    hex: ["0a00000004800000", "02000000000000007b7d"].join(""),
  },
  {
    message: { type: "listing", list: "{}" },
    hex: ["0a00000005800000", "02000000000000007b7d"].join(""),
  },
];
