/** Where a producer can be, seen from a consumer of this process. Every promise of a mode must hold in each of them. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Consumer, ConsumerOptions, CreateStreamOptions, FrameSpec, ProducerOptions, Stream } from "edgestream";
import { openStream } from "edgestream";
import { tlsOptions } from "../programs/certificates.ts";
import { makeRuntimeDir, until } from "../programs/child.ts";
import { type ChildSource, childSource, localSource } from "../programs/remote-source.ts";
import type { SourceCalls } from "../programs/source.mjs";

/** Time for a goodbye to cross loopback; after it nobody is left who could say that it has. */
const goodbyeMs = 30;

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
  /**
   * Both ends look at the same slots and the same page. Over a network a seat's frames wait at two places, and holding
   * a frame is not seen at the producer: rules about these are skipped there, docs/network.md says what holds instead.
   */
  sharesMemory: boolean;
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
  sharesMemory: true,
  async start(options = {}, producer) {
    const source = localSource();
    await finish(source, options, producer);
    const { stream } = source.source;
    return { source, stream, consume: consumeFrom(source, stream), close: () => source.close() };
  },
};

const ipc: Place = {
  name: "ipc",
  sharesMemory: true,
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

/** The same host, but over a socket: what differs is written down in docs/network.md. */
function network(carrier: "tcp" | "tls" | "ws"): Place {
  return {
    name: carrier,
    sharesMemory: false,
    async start(options = {}, producer) {
      const { server, client } = carrier === "tls" ? tlsOptions() : { server: {}, client: {} };
      const source = await childSource();
      const listen = [`${carrier}://127.0.0.1:0`];
      await finish(source, { name: "bench", listen, ...server, ...options }, producer);
      const [address = ""] = await source.addresses();
      const stream = await openStream(address, client);
      const settled = inStep(source);
      const close = async () => {
        await stream.close();
        if (source.child.process.connected) source.child.process.disconnect();
        await source.child.exit;
      };
      return { source: settled, stream, consume: consumeFrom(settled, stream), close, kill: () => source.child.kill() };
    },
  };
}

/** Verbs after which the producer cannot be asked any more. */
const endings: ReadonlySet<string> = new Set(["stop", "close", "closeProducer", "closeInput", "evict"]);
const isMade: ReadonlySet<string> = new Set(["create", "connect", "open", "addresses"]);

/**
 * States at the two ends of a link may differ for a moment (EGL says so of remote streams), so the ends are brought in
 * step before and after each verb, by a flush that goes all the way.
 */
function inStep(source: ChildSource): SourceCalls {
  const step = () => source.flushLinks().catch(() => {}); // no producer, or no more
  return new Proxy(source, {
    get(target, name) {
      const verb: unknown = Reflect.get(target, name);
      if (typeof verb !== "function" || typeof name !== "string" || isMade.has(name)) return verb;
      return async (...args: unknown[]) => {
        await step();
        try {
          return await verb(...args);
        } finally {
          await step();
          if (endings.has(name)) await sleep(goodbyeMs);
        }
      };
    },
  });
}

/** Of this host: frames are shared. */
export const localPlaces: readonly Place[] = [inProcess, ipc];
const chosen = process.env["EDGESTREAM_PLACES"]?.split(",");
const isChosen = ({ name }: Place) => chosen?.includes(name) ?? true;
/** For the rules about modes and states. */
export const everyPlace = [...localPlaces, network("tcp"), network("tls"), network("ws")].filter(isChosen);
/** For all other rules; TLS and WebSocket, which differ from TCP in how bytes travel, only in `npm run test:long`. */
const long = process.env["EDGESTREAM_LONG"] === "1" || chosen !== undefined;
export const places: readonly Place[] = everyPlace.filter(({ name }) => long || (name !== "tls" && name !== "ws"));
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
