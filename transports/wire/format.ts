/** What frames look like: the 88 bytes that the local protocol uses too. */
import { type FormatDescription, formatNames } from "../../sdk/base/format.ts";
import { protocolError } from "./codes.ts";
import { type Field, fixedText, reserved, struct, u32, u64 } from "./field.ts";
import { wireLimits } from "./limits.ts";

const planesMax = 3;

const plane = struct("plane", { offset: u32, stride: u32, width: u32, height: u32 });

const planes: Field<FormatDescription["planes"]> = {
  type: "plane",
  bytes: planesMax * plane.bytes,
  read: (view, at) => Array.from({ length: planesMax }, (_, index) => plane.read(view, at + index * plane.bytes)),
  write: (view, at, values) => {
    for (const [index, value] of values.entries()) plane.write(view, at + index * plane.bytes, value);
  },
};

const fields = struct("format", {
  name: fixedText(8),
  width: u32,
  height: u32,
  planeCount: u32,
  planes,
  padding: reserved(4),
  size: u64,
  timeBaseNum: u32,
  timeBaseDen: u32,
});

export const formatRows = fields.rows;

/** The planes that there are; those that are not must be zero. */
function checkPlanes(all: FormatDescription["planes"], count: number, size: number): FormatDescription["planes"] {
  if (count < 1 || count > planesMax) throw protocolError(`a format has ${count} planes, expected 1 to ${planesMax}`);
  const there = all.slice(0, count);
  if (there.some(({ offset, stride, height }) => offset + stride * height > size)) {
    throw protocolError("a plane of a format reaches past the end of its frame");
  }
  if (all.slice(count).some((none) => none.offset + none.stride + none.width + none.height > 0)) {
    throw protocolError("a format describes more planes than it has");
  }
  return there;
}

export const format: Field<FormatDescription> = {
  type: fields.type,
  bytes: fields.bytes,
  read: (view, at) => {
    const { planeCount, ...value } = fields.read(view, at);
    if (!(formatNames as readonly string[]).includes(value.name)) {
      throw protocolError(`a layout has format "${value.name}", which this version does not know`);
    }
    if (value.size < 1n || value.size > wireLimits.frameBytesMax) {
      throw protocolError(`a frame of a layout has ${value.size} bytes, expected 1 to ${wireLimits.frameBytesMax}`);
    }
    const size = Number(value.size);
    return { ...value, size, planes: checkPlanes(value.planes, planeCount, size) };
  },
  write: (view, at, value) => {
    fields.write(view, at, { ...value, planeCount: value.planes.length, size: BigInt(value.size) });
  },
};
