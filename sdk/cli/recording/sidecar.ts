/** The lines beside the pixels: what one says, how it is written, and what is believed when it is read back. */
import { crc32 } from "node:zlib";
import { z } from "zod";
import { limits } from "../../base/config.ts";
import { formatNames } from "../../base/format.ts";
import type { FrameLayout, ReadableFrame } from "../../base/types.ts";
import { toJson } from "../json-output.ts";
import { type ContainerName, containerNames } from "./containers.ts";

export const sidecarVersion = 1;
/** Metadata of 4096 bytes is 5464 characters; everything else is below 400. */
export const lineBytesMax = 16_384;

const int64Min = -(2n ** 63n);
const int64Max = 2n ** 63n - 1n;
const uint64Max = 2n ** 64n - 1n;

/** A whole number of up to 64 bits: a JSON number while that is exact, its digits as text beyond. */
function whole(min: bigint, max: bigint) {
  return z
    .union([z.int(), z.string().regex(/^-?\d{1,20}$/)])
    .transform((value) => BigInt(value))
    .refine((value) => value >= min && value <= max, "out of range");
}

const time = whole(0n, int64Max);
const count = whole(0n, int64Max);
const metadata = z
  .base64()
  .transform((text): Uint8Array => Buffer.from(text, "base64"))
  .refine((bytes) => bytes.length <= limits.metadataBytesMax, `more than ${limits.metadataBytesMax} bytes`);
const timeBasePart = z.int().min(1).max(limits.uint32Max);

const header = z.object({
  edgestream: z.literal("recording"),
  version: z.literal(sidecarVersion),
  /** What wrote it. */
  by: z.string(),
  stream: z.string(),
  container: z.enum(containerNames),
  format: z.enum(formatNames),
  width: z.int().min(1),
  height: z.int().min(1),
  frameBytes: z.int().min(1).max(Number.MAX_SAFE_INTEGER),
  timeBase: z.object({ num: timeBasePart, den: timeBasePart }).optional(),
  /** One moment by the wall clock and by the monotonic clock that the frames' times are of. */
  startedAt: z.string(),
  startedMonotonic: time,
});

const frame = z.object({
  number: whole(1n, int64Max),
  skipped: count,
  pts: whole(int64Min + 1n, int64Max).nullable(),
  duration: time,
  epoch: whole(0n, uint64Max),
  captured: time,
  posted: time,
  layout: z.int().min(0),
  size: z.int().min(1),
  crc32: z.string().regex(/^[0-9a-f]{8}$/),
  metadata: metadata.optional(),
});

const end = z.object({ end: z.string(), frames: count, skipped: count, at: z.string() });

export type RecordingHeader = z.output<typeof header>;
export type RecordedFrame = z.output<typeof frame>;
export type RecordingEnd = z.output<typeof end>;
export type SidecarLine =
  | { kind: "header"; header: RecordingHeader }
  | { kind: "frame"; frame: RecordedFrame }
  | { kind: "end"; end: RecordingEnd };

export interface RecordingFacts {
  version: string;
  stream: string;
  container: ContainerName;
  layout: FrameLayout;
}

export function makeHeader(facts: RecordingFacts): RecordingHeader {
  const { format, width, height, size, timeBase } = facts.layout;
  return {
    edgestream: "recording",
    version: sidecarVersion,
    by: `edgestream ${facts.version}`,
    stream: facts.stream,
    container: facts.container,
    format,
    width,
    height,
    frameBytes: size,
    ...(timeBase && { timeBase: { ...timeBase } }),
    startedAt: new Date().toISOString(),
    startedMonotonic: process.hrtime.bigint(),
  };
}

/** The part of a frame that goes into its line. */
export type FrameToDescribe = Pick<
  ReadableFrame,
  "number" | "skipped" | "pts" | "duration" | "epoch" | "timestamps" | "layoutId" | "size" | "data" | "metadata"
>;

export function describeFrame(from: FrameToDescribe): RecordedFrame {
  const bytes = from.metadata;
  return {
    number: from.number,
    skipped: from.skipped,
    pts: from.pts ?? null,
    duration: from.duration,
    epoch: from.epoch,
    captured: from.timestamps.captured,
    posted: from.timestamps.posted,
    layout: from.layoutId,
    size: from.size,
    crc32: checksum(from.data),
    ...(bytes.length > 0 && { metadata: bytes }),
  };
}

export function checksum(data: Uint8Array): string {
  return crc32(data).toString(16).padStart(8, "0");
}

export function lineOf(line: RecordingHeader | RecordedFrame | RecordingEnd): string {
  const bytes = "metadata" in line ? line.metadata : undefined;
  const text = bytes && { metadata: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64") };
  return `${toJson({ ...line, ...text })}\n`;
}

/** Throws an error that says what is wrong with it. */
export function parseLine(text: string): SidecarLine {
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null) throw new Error("not an object");
  if ("number" in value) return { kind: "frame", frame: checked(frame, value) };
  if ("end" in value) return { kind: "end", end: checked(end, value) };
  if ("edgestream" in value) return { kind: "header", header: checked(header, value) };
  throw new Error("neither a header, nor a frame, nor an end");
}

function checked<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new Error(`${issue?.path.join(".") || "it"}: ${issue?.message ?? "wrong"}`);
}
