/** What a producer tells about its stream: checked where it is told, and once more where it is read. */
import { z } from "zod";
import { check } from "./config.ts";
import type { StreamMetadata } from "./info-types.ts";
import { says } from "./rules.ts";

const text = z.string(says("a text")).optional();
const aboveZero = says("a number above 0");

const metadata = z.strictObject(
  {
    title: text,
    device: text,
    model: text,
    location: text,
    codec: text,
    nominalFps: z.number(aboveZero).gt(0, aboveZero).optional(),
    labels: z.record(z.string(), z.string(says("a text")), says("an object whose values are texts")).optional(),
  },
  says("an object"),
);
/** A later version may tell more. */
const told = z.object(metadata.shape);

export function checkStreamMetadata(info: StreamMetadata): StreamMetadata {
  return check("updateInfo", metadata, info);
}

/** Another program wrote the text, so it may be anything; what does not fit says nothing. */
export function parseStreamMetadata(json: string): StreamMetadata {
  if (json === "") return {};
  try {
    return told.safeParse(JSON.parse(json)).data ?? {};
  } catch {
    return {};
  }
}
