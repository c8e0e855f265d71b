/** Pages' consumers over real WebSockets, and the producers that the tests play for them. */
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, expect, vi } from "vitest";
import { WebSocket } from "ws";
import type { FormatDescription } from "../../../sdk/base/format.ts";
import {
  type BrowserConsumer,
  type BrowserFrame,
  type ConnectOptions,
  connectConsumer,
} from "../../../sdk/browser/index.ts";
import { WireProducer, type WireProducerOptions } from "../../programs/wire-producer.ts";

export const grey = (width: number, height: number): FormatDescription => ({
  name: "GRAY8",
  width,
  height,
  planes: [{ offset: 0, stride: width, width, height }],
  size: width * height,
  timeBaseNum: 0,
  timeBaseDen: 0,
});
export const small = grey(4, 2);
export const pixels = (value: number, size = small.size) => new Uint8Array(size).fill(value);

const open: { close(): Promise<void> }[] = [];

/** Closed after the test, before the producers. */
export function closedAfterwards(consumer: BrowserConsumer): BrowserConsumer {
  open.unshift(consumer);
  return consumer;
}

export async function producing(options: Partial<WireProducerOptions> = {}): Promise<WireProducer> {
  const producer = await WireProducer.listen({ format: small, ...options });
  open.push({ close: () => producer.kill() });
  return producer;
}

export async function consuming(producer: WireProducer, options: ConnectOptions = {}): Promise<BrowserConsumer> {
  return closedAfterwards(await connectConsumer(producer.address, options));
}

/** Node has no WebSocket of its own before version 22. */
export function useWebSockets(): void {
  beforeEach(() => {
    vi.stubGlobal("WebSocket", WebSocket);
  });
  afterEach(async () => {
    for (const one of open.splice(0)) await one.close();
    vi.unstubAllGlobals();
  });
}

/** Waits for something that has no event. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(5);
}

export function addsUp(consumer: BrowserConsumer): void {
  const { posted, delivered, skipped, discarded, waiting } = consumer.stats();
  expect(delivered + skipped + discarded + waiting).toBe(posted);
}

export async function frameOf(consumer: BrowserConsumer): Promise<BrowserFrame> {
  const { status, frame } = await consumer.next({ timeoutMs: 5000 });
  if (frame === undefined) throw new Error(`no frame: ${status}`);
  return frame;
}

export const failsWith = (code: string, reason?: string) =>
  expect.objectContaining({ code, ...(reason && { reason }) });
