/** What an observer is told of streams, as JSON; bigints travel as texts. */
import { StreamError } from "../../sdk/base/errors.ts";
import type { StreamInfo } from "../../sdk/base/types.ts";
import { wireLimits } from "../wire/index.ts";
import type { Offer } from "./offer.ts";

/** Fields of StreamInfo that are bigints. */
const wide = ["epoch", "frames"] as const;

/** As many of them as fit. */
export async function listingOf(offers: readonly Offer[]): Promise<string> {
  const entries = await Promise.all(offers.map(entryOf));
  for (;;) {
    const text = JSON.stringify({ streams: entries }, (_key, value) =>
      typeof value === "bigint" ? `${value}` : value,
    );
    if (Buffer.byteLength(text) <= wireLimits.listBytesMax || entries.length === 0) return text;
    entries.pop();
  }
}

async function entryOf(offer: Offer): Promise<Partial<StreamInfo>> {
  try {
    return { ...(await offer.info()), name: offer.name };
  } catch {
    return { name: offer.name, state: "created" }; // nobody produces
  }
}

/** @throws StreamError ERR_BAD_PROTOCOL */
export function parseListing(text: string): StreamInfo[] {
  try {
    const { streams } = JSON.parse(text) as { streams: Record<string, unknown>[] };
    return streams.map((entry) => {
      const numbers = wide.map((field) => [field, BigInt(String(entry[field] ?? 0))]);
      return { ...entry, ...Object.fromEntries(numbers) } as unknown as StreamInfo;
    });
  } catch {
    throw new StreamError("ERR_BAD_PROTOCOL", "the list of streams cannot be read");
  }
}
