/** Streams at the two ends of an address, closed after each test; and a peer in a process of its own. */

import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import {
  type Consumer,
  type CreateStreamOptions,
  createStream,
  type FrameSpec,
  type OpenStreamOptions,
  openStream,
  type Producer,
  type ReadableFrame,
  type RefusedEvent,
  type Stream,
} from "edgestream";
import { tlsOptions } from "../programs/certificates.ts";
import { numberIn, Pattern } from "../programs/pattern.mjs";

export const frame = { format: "GRAY8", width: 64, height: 16 } as const satisfies FrameSpec;
export const carriers = ["tcp", "tls", "ws"] as const;
export type TestedCarrier = (typeof carriers)[number];

const streams: Stream[] = [];

export async function created(options: CreateStreamOptions): Promise<Stream> {
  const stream = await createStream({ frame, ...options });
  streams.push(stream);
  return stream;
}

export async function opened(address: string, options: OpenStreamOptions = {}): Promise<Stream> {
  const stream = await openStream(address, { timeoutMs: 10_000, ...options });
  streams.push(stream);
  return stream;
}

/** For `afterEach`. */
export async function closeStreams(): Promise<void> {
  for (const stream of streams.splice(0).reverse()) await stream.close();
}

export function addressOf(stream: Stream): string {
  const [address] = stream.addresses;
  if (address === undefined) throw new Error("the stream listens nowhere");
  return address;
}

/** Where to listen, and what each end must know for it. */
export function listenOver(carrier: TestedCarrier, host = "127.0.0.1") {
  const { server, client } = carrier === "tls" ? tlsOptions() : { server: {}, client: {} };
  return { server: { listen: [`${carrier}://${host}:0`], ...server }, client };
}

export async function freePort(host = "127.0.0.1"): Promise<number> {
  const server = createServer().listen(0, host);
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Everything the stream's listener turned away, as it happens. */
export function refusedBy(stream: Stream): RefusedEvent[] {
  const events: RefusedEvent[] = [];
  stream.on("refused", (event) => events.push(event));
  return events;
}

/** Posts a frame whose bytes all are `value`. */
export async function postFilled(producer: Producer, value: number): Promise<bigint> {
  const slot = await producer.acquire();
  slot.data.fill(value);
  return producer.post(slot);
}

const patterns = new Map<number, Pattern>();

/** Of frames that a `Source` painted: the number that is in the metadata, if every byte belongs to that picture. */
export function checkedNumber(got: ReadableFrame): bigint {
  const size = got.data.byteLength;
  const pattern = patterns.get(size) ?? new Pattern(size, "noise");
  patterns.set(size, pattern);
  const number = numberIn(got.metadata);
  if (number === undefined || !pattern.matches(got.data, number))
    throw new Error(`frame ${got.number} is not picture ${number}`);
  return number;
}

/** The next `count` frames, each checked. */
export async function readChecked(consumer: Consumer, count: number): Promise<bigint[]> {
  const numbers: bigint[] = [];
  while (numbers.length < count) {
    const got = await consumer.acquire({ timeoutMs: 10_000 });
    numbers.push(checkedNumber(got));
    got.release();
  }
  return numbers;
}

export const upTo = (last: number): bigint[] => Array.from({ length: last }, (_, index) => BigInt(index + 1));
