/** Where a producer can be, seen from a consumer of this process. Every promise of a mode must hold in each of them. */
import type { Consumer, ConsumerOptions, CreateStreamOptions, FrameSpec, ProducerOptions, Stream } from "edgestream";
import { openStream } from "edgestream";
import { makeRuntimeDir, until } from "../programs/child.ts";
import { childSource, localSource } from "../programs/remote-source.ts";
import type { SourceCalls } from "../programs/source.mjs";

export const frame: FrameSpec = { format: "GRAY8", width: 64, height: 16 };

/** A producer and the way to it. */
export interface Bench {
  source: SourceCalls;
  /** The stream as a consumer of this process sees it. */
  stream: Stream;
  /** Connects and waits until the producer has seen it: from here on no frame is missed. */
  consume(options?: ConsumerOptions): Promise<Consumer>;
  close(): Promise<void>;
  /** Ends the producer's process at once; only where it has one of its own. */
  kill?: () => void;
}

export interface Place {
  name: string;
  start(options?: CreateStreamOptions, producer?: ProducerOptions): Promise<Bench>;
}

async function finish(source: SourceCalls, options: CreateStreamOptions, producer?: ProducerOptions): Promise<void> {
  await source.create({ frame, ...options });
  await source.connect(producer);
}

function consumeFrom(source: SourceCalls, stream: Stream): Bench["consume"] {
  return async (options) => {
    const before = (await source.stats()).connections.map(({ id }) => id);
    const consumer = await stream.connectConsumer(options);
    await until("the producer has seated the consumer", async () => {
      const { connections } = await source.stats();
      return connections.some(({ id, state }) => !before.includes(id) && state !== "connecting");
    });
    return consumer;
  };
}

const inProcess: Place = {
  name: "in process",
  async start(options = {}, producer) {
    const source = localSource();
    await finish(source, options, producer);
    const { stream } = source.source;
    return { source, stream, consume: consumeFrom(source, stream), close: () => source.close() };
  },
};

const ipc: Place = {
  name: "ipc",
  async start(options = {}, producer) {
    const runtimeDir = makeRuntimeDir();
    const source = await childSource();
    await finish(source, { name: "bench", runtimeDir, ...options }, producer);
    const stream = await openStream("bench", { runtimeDir });
    const close = async () => {
      await stream.close();
      if (source.child.process.connected) source.child.process.disconnect();
      await source.child.exit;
    };
    return { source, stream, consume: consumeFrom(source, stream), close, kill: () => source.child.kill() };
  },
};

export const places: readonly Place[] = [inProcess, ipc];
export const modes = ["mailbox", "fifo", "broadcast"] as const;
const open: Bench[] = [];

/** Opens a bench that is closed after the test. */
export async function openBench(
  place: Place,
  options?: CreateStreamOptions,
  producer?: ProducerOptions,
): Promise<Bench> {
  const bench = await place.start(options, producer);
  open.push(bench);
  return bench;
}

/** For `afterEach`. */
export async function closeBenches(): Promise<void> {
  for (const bench of open.splice(0)) await bench.close();
}
