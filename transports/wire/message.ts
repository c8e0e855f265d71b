/** What a message is: a header, fixed fields, then parts whose lengths are among the fixed fields. */
import { StreamError } from "../../sdk/base/errors.ts";
import { protocolError } from "./codes.ts";
import { decodeText, encodeText, type Fields, type Row, struct, u16, u32, type Values } from "./field.ts";

/** A part of variable length. */
export interface Tail<T> {
  readonly type: string;
  readonly bytesMax: number;
  encode(value: T): Uint8Array;
  decode(bytes: Uint8Array): T;
}

export type Tails = Readonly<Record<string, Tail<unknown>>>;
type TailValues<T> = { -readonly [K in keyof T]: T[K] extends Tail<infer V> ? V : never };

/** UTF-8, not terminated. */
export const text = (bytesMax: number): Tail<string> => ({
  type: "text",
  bytesMax,
  encode: encodeText,
  decode: decodeText,
});

/** Decoded into a copy: a message outlives the buffer that it came in. */
export const bytes = (bytesMax: number): Tail<Uint8Array> => ({
  type: "bytes",
  bytesMax,
  encode: (value) => value,
  decode: (value) => value.slice(),
});

/** `size`: of what follows the header. `type`: with `optionalBit`, who does not know it skips it. */
const header = struct("header", { size: u32, type: u16, reserved: u16 });
export const headerRows = header.rows;
export const headerBytes = header.bytes;
export const optionalBit = 0x8000;

export interface MessageHeader {
  size: number;
  type: number;
}

export function readHeader(view: DataView): MessageHeader {
  const { size, type, reserved } = header.read(view, 0);
  if (reserved !== 0) throw protocolError("a reserved byte of a message is not 0");
  return { size, type };
}

export function writeHeader(view: DataView, size: number, type: number): void {
  header.write(view, 0, { size, type, reserved: 0 });
}

/** One type of message: `encode` and `decode` are each other's inverse. */
export interface MessageKind<M> {
  readonly name: string;
  readonly id: number;
  /** Bytes of the fixed fields: a shorter body is an error, a longer one was appended to by a later version. */
  readonly fixedBytes: number;
  readonly rows: readonly Row[];
  readonly tails: readonly { type: string; bytesMax: number; field: string }[];
  /** Header and body. @throws StreamError ERR_BAD_PARAMETER: a value does not fit. */
  encode(message: M): Uint8Array;
  /** @throws StreamError ERR_BAD_PROTOCOL: the body is not that of such a message. */
  decode(body: Uint8Array): M;
}

const viewOf = (part: Uint8Array) => new DataView(part.buffer, part.byteOffset, part.byteLength);

/** Cuts the parts behind the fixed fields out of a body. */
function readTails(name: string, body: Uint8Array, lengths: (part: string) => number, from: number, tails: Tails) {
  const values: Record<string, unknown> = {};
  let at = from;
  for (const [part, tail] of Object.entries(tails)) {
    const size = lengths(part);
    if (size > tail.bytesMax) throw protocolError(`${name}: ${part} has ${size} bytes, at most ${tail.bytesMax}`);
    if (size > body.length - at) throw protocolError(`${name}: ${part} reaches past the end of the message`);
    values[part] = tail.decode(body.subarray(at, at + size));
    at += size;
  }
  return values;
}

/** The parts behind the fixed fields as bytes. */
function encodeTails(name: string, message: Record<string, unknown>, tails: Tails): [string, Uint8Array][] {
  return Object.entries(tails).map(([part, tail]) => {
    const encoded = tail.encode(message[part]);
    if (encoded.length <= tail.bytesMax) return [part, encoded];
    const sentence = `${name}: ${part} has ${encoded.length} bytes, at most ${tail.bytesMax}`;
    throw new StreamError("ERR_BAD_PARAMETER", sentence);
  });
}

/**
 * Describes a type of message once, for both directions and for the docs. Each part in `tails` has its length in a
 * field `<part>Bytes`. `wrong` says what is the matter with a message whose fields are fine one by one.
 */
export function defineMessage<N extends string, F extends Fields, T extends Tails>(
  name: N,
  id: number,
  fields: F,
  tails: T,
  wrong: (message: Values<F> & TailValues<T>) => string | undefined = () => undefined,
): MessageKind<{ type: N } & Values<F> & TailValues<T>> {
  type Message = { type: N } & Values<F> & TailValues<T>;
  const fixed = struct(name, fields);
  const lengthAt = new Map<string, number>();
  for (const { field, offset } of fixed.rows) lengthAt.set(field, offset);
  const place = (part: string) => lengthAt.get(`${part}Bytes`) as number;
  const lengthField = (part: string) => fields[`${part}Bytes`] as typeof u32;

  const encode = (message: Message): Uint8Array => {
    const problem = wrong(message);
    if (problem !== undefined) throw new StreamError("ERR_BAD_PARAMETER", `${name}: ${problem}`);
    const parts = encodeTails(name, message, tails);
    const size = parts.reduce((sum, [, part]) => sum + part.length, fixed.bytes);
    const whole = new Uint8Array(headerBytes + size);
    const view = viewOf(whole);
    writeHeader(view, size, id);
    fixed.write(view, headerBytes, message);
    let at = headerBytes + fixed.bytes;
    for (const [part, encoded] of parts) {
      lengthField(part).write(view, headerBytes + place(part), encoded.length);
      whole.set(encoded, at);
      at += encoded.length;
    }
    return whole;
  };

  const decode = (body: Uint8Array): Message => {
    if (body.length < fixed.bytes) {
      throw protocolError(`${name}: ${body.length} bytes are too few, expected at least ${fixed.bytes}`);
    }
    const view = viewOf(body);
    const lengths = (part: string) => lengthField(part).read(view, place(part));
    const values = { ...fixed.read(view, 0), ...readTails(name, body, lengths, fixed.bytes, tails) };
    const message = { type: name, ...values } as Message;
    const problem = wrong(message);
    if (problem !== undefined) throw protocolError(`${name}: ${problem}`);
    return message;
  };

  const parts = Object.entries(tails).map(([field, { type, bytesMax }]) => ({ field, type, bytesMax }));
  return { name, id, fixedBytes: fixed.bytes, rows: fixed.rows, tails: parts, encode, decode };
}
