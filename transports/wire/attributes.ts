/**
 * What both ends of a connection must agree about, as EGL negotiates it: what only one end cares about is copied, what
 * both set must be equal, what nobody set is the default.
 */

import { formatNames } from "../../sdk/base/format.ts";
import type { FormatName, ModeName } from "../../sdk/base/types.ts";
import { modeCodes, protocolError } from "./codes.ts";
import { type Field, flag, named, reserved, struct, u8, u32 } from "./field.ts";

/** undefined: this end does not care. */
export interface WireAttributes {
  format?: FormatName;
  width?: number;
  height?: number;
  mode?: ModeName;
  supportReset?: boolean;
  supportReuse?: boolean;
  fifoLength?: number;
  producerMaxFrameHint?: number;
  consumerMaxFrameHint?: number;
}

const formatCodes = Object.fromEntries(formatNames.map((name, index) => [name, index])) as Record<FormatName, number>;

const fields = struct("attributes", {
  present: u32,
  format: named(u32, formatCodes),
  width: u32,
  height: u32,
  mode: named(u8, modeCodes),
  supportReset: flag,
  supportReuse: flag,
  reserved: reserved(1),
  fifoLength: u32,
  producerMaxFrameHint: u32,
  consumerMaxFrameHint: u32,
});

export const attributeRows = fields.rows;

/** The bit of an attribute in `present` is its place here. */
export const attributeNames = [
  "format",
  "width",
  "height",
  "mode",
  "supportReset",
  "supportReuse",
  "fifoLength",
  "producerMaxFrameHint",
  "consumerMaxFrameHint",
] as const satisfies readonly (keyof WireAttributes)[];

/** Whatever stands in a field whose bit is 0. Its bytes are zero. */
const absent = {
  format: "NV12",
  width: 0,
  height: 0,
  mode: "mailbox",
  supportReset: false,
  supportReuse: false,
  fifoLength: 0,
  producerMaxFrameHint: 0,
  consumerMaxFrameHint: 0,
} as const satisfies Required<WireAttributes>;

export const attributes: Field<WireAttributes> = {
  type: fields.type,
  bytes: fields.bytes,
  read: (view, at) => {
    const { present, ...all } = fields.read(view, at);
    if (present >= 2 ** attributeNames.length) throw protocolError("the peer sets attributes that do not exist");
    const set = attributeNames.filter((_, bit) => (present & (1 << bit)) !== 0);
    const unset = attributeNames.filter((name) => !set.includes(name));
    if (unset.some((name) => all[name] !== absent[name])) {
      throw protocolError("an attribute that is not set has a value");
    }
    return Object.fromEntries(set.map((name) => [name, all[name]]));
  },
  write: (view, at, value) => {
    const given = Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined));
    const present = attributeNames.reduce((bits, name, bit) => (name in given ? bits | (1 << bit) : bits), 0);
    fields.write(view, at, { ...absent, ...given, present });
  },
};

/** What holds for the connection, and where the two ends cannot agree: a clash ends it at both. */
export function mergeAttributes(
  one: WireAttributes,
  other: WireAttributes,
): { merged: WireAttributes; clashes: readonly (keyof WireAttributes)[] } {
  const clashes = attributeNames.filter(
    (name) => one[name] !== undefined && other[name] !== undefined && one[name] !== other[name],
  );
  const set = attributeNames.filter((name) => one[name] !== undefined || other[name] !== undefined);
  return { merged: Object.fromEntries(set.map((name) => [name, one[name] ?? other[name]])), clashes };
}
