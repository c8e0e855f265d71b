/**
 * Fields of fixed width: how a value lies in a message. Everything is little endian. A field that is read checks what
 * the peer wrote (ERR_BAD_PROTOCOL), one that is written checks this program (ERR_BAD_PARAMETER).
 */
import { StreamError } from "../../sdk/base/errors.ts";
import { protocolError } from "./codes.ts";

export interface Field<T> {
  /** As the tables of docs/wire.md name it. */
  readonly type: string;
  readonly bytes: number;
  read(view: DataView, at: number): T;
  write(view: DataView, at: number, value: T): void;
}

/** A field that carries nothing for the application: reserved bytes, lengths. */
export interface SilentField extends Field<number> {
  readonly silent: true;
}

export type Fields = Readonly<Record<string, Field<unknown>>>;

/** The object that a list of fields makes. */
export type Values<F> = {
  -readonly [K in keyof F as F[K] extends SilentField ? never : K]: F[K] extends Field<infer T> ? T : never;
};

/** One row of a table in the docs. */
export interface Row {
  offset: number;
  bytes: number;
  type: string;
  field: string;
}

function notWritable(type: string, value: unknown): StreamError {
  return new StreamError("ERR_BAD_PARAMETER", `a message's field of type ${type} cannot hold ${String(value)}`);
}

type Access<T> = [read: (view: DataView, at: number) => T, write: (view: DataView, at: number, value: T) => void];

function integer(type: string, bytes: number, min: number, max: number, [read, set]: Access<number>): Field<number> {
  const write = (view: DataView, at: number, value: number): void => {
    if (!Number.isInteger(value) || value < min || value > max) throw notWritable(type, value);
    set(view, at, value);
  };
  return { type, bytes, read, write };
}

function wide(type: string, min: bigint, max: bigint, [read, set]: Access<bigint>): Field<bigint> {
  const write = (view: DataView, at: number, value: bigint): void => {
    if (value < min || value > max) throw notWritable(type, value);
    set(view, at, value);
  };
  return { type, bytes: 8, read, write };
}

export const u8 = integer("u8", 1, 0, 0xff, [(view, at) => view.getUint8(at), (view, at, n) => view.setUint8(at, n)]);
export const u16 = integer("u16", 2, 0, 0xffff, [
  (view, at) => view.getUint16(at, true),
  (view, at, value) => view.setUint16(at, value, true),
]);
export const u32 = integer("u32", 4, 0, 0xffff_ffff, [
  (view, at) => view.getUint32(at, true),
  (view, at, value) => view.setUint32(at, value, true),
]);
export const i32 = integer("i32", 4, -0x8000_0000, 0x7fff_ffff, [
  (view, at) => view.getInt32(at, true),
  (view, at, value) => view.setInt32(at, value, true),
]);
export const u64 = wide("u64", 0n, 2n ** 64n - 1n, [
  (view, at) => view.getBigUint64(at, true),
  (view, at, value) => view.setBigUint64(at, value, true),
]);
export const i64 = wide("i64", -(2n ** 63n), 2n ** 63n - 1n, [
  (view, at) => view.getBigInt64(at, true),
  (view, at, value) => view.setBigInt64(at, value, true),
]);

/** Zero bytes. They stay zero in this version, so a later one can tell who knows it. */
export function reserved(bytes: number): SilentField {
  const read = (view: DataView, at: number): number => {
    for (let index = 0; index < bytes; index++) {
      if (view.getUint8(at + index) !== 0) throw protocolError("a reserved byte of a message is not 0");
    }
    return 0;
  };
  return { type: "", bytes, read, write: () => {}, silent: true };
}

/** How long a part behind the fixed ones is; `<part>Bytes` belongs to `<part>`. */
export function length(of: Field<number>): SilentField {
  return { ...of, silent: true };
}

/** 0 or 1. */
export const flag: Field<boolean> = {
  type: "u8",
  bytes: 1,
  read: (view, at) => {
    const value = view.getUint8(at);
    if (value > 1) throw protocolError(`a yes or no of a message is ${value}, expected 0 or 1`);
    return value === 1;
  },
  write: (view, at, value) => view.setUint8(at, value ? 1 : 0),
};

/** One of `codes` by its name. A number that nobody knows is `otherwise`, or breaks the protocol. */
export function named<T extends string>(
  of: Field<number>,
  codes: Readonly<Record<T, number>>,
  otherwise?: NoInfer<T>,
): Field<T> {
  const names = new Map(Object.entries<number>(codes).map(([name, code]) => [code, name as T]));
  return {
    type: of.type,
    bytes: of.bytes,
    read: (view, at) => {
      const code = of.read(view, at);
      const name = names.get(code) ?? otherwise;
      if (name !== undefined) return name;
      throw protocolError(`a message says ${code}, expected one of ${[...names.keys()].join(", ")}`);
    },
    write: (view, at, name) => {
      const code = Object.hasOwn(codes, name) ? codes[name] : undefined;
      if (code === undefined) throw notWritable(`${of.type} (${Object.keys(codes).join(", ")})`, name);
      of.write(view, at, code);
    },
  };
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }); // a BOM is a character like others

export const encodeText = (text: string): Uint8Array => encoder.encode(text);

export function decodeText(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw protocolError("a text of a message is not UTF-8");
  }
}

/** UTF-8, zero-terminated, zero-filled: at most `bytes` - 1. */
export function fixedText(bytes: number): Field<string> {
  return {
    type: "text",
    bytes,
    read: (view, at) => {
      const all = new Uint8Array(view.buffer, view.byteOffset + at, bytes);
      const end = all.indexOf(0);
      if (end < 0 || all.subarray(end).some((byte) => byte !== 0)) {
        throw protocolError("a text of a message is not filled up with zeros");
      }
      return decodeText(all.subarray(0, end));
    },
    write: (view, at, text) => {
      const encoded = encodeText(text);
      if (encoded.length >= bytes || encoded.includes(0)) throw notWritable(`text of ${bytes - 1} bytes`, text);
      new Uint8Array(view.buffer, view.byteOffset + at, bytes).set(encoded);
    },
  };
}

/** Fields one behind the other, as one. Every byte that `write` does not set must be 0 before. */
export function struct<F extends Fields>(type: string, fields: F): Field<Values<F>> & { rows: readonly Row[] } {
  const parts = Object.entries(fields) as [string, Field<unknown> & { silent?: true }][];
  let bytes = 0;
  const rows = parts.map(([field, part]) => {
    const row = { offset: bytes, bytes: part.bytes, type: part.type, field };
    bytes += part.bytes;
    return row;
  });
  const read = (view: DataView, at: number): Values<F> => {
    const values: Record<string, unknown> = {};
    let offset = at;
    for (const [key, part] of parts) {
      const value = part.read(view, offset);
      if (part.silent !== true) values[key] = value;
      offset += part.bytes;
    }
    return values as Values<F>;
  };
  const write = (view: DataView, at: number, values: Values<F>): void => {
    let offset = at;
    for (const [key, part] of parts) {
      if (part.silent !== true) part.write(view, offset, (values as Record<string, unknown>)[key]);
      offset += part.bytes;
    }
  };
  return { type, bytes, read, write, rows };
}
