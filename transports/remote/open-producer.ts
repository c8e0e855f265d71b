/** A producer at the end of a link: it posts into a stream of this process, whose only seat is the peer's. */
import type { NativePolicy, NativeProducer, NativeProducerOptions, NativeStream } from "../../native/binding.ts";
import { StreamError } from "../../sdk/base/errors.ts";
import { hopeless } from "../../sdk/base/reconnect.ts";
import type { WireAttributes } from "../wire/index.ts";
import { ConsumerSeat, type SeatEnd } from "./consumer-seat.ts";
import { greet, meet } from "./hand-shake.ts";
import type { NativeHost } from "./host.ts";
import type { Dial } from "./link.ts";
import { makeLocalStream } from "./local-stream.ts";
import type { Session, SessionUser } from "./session.ts";

export interface ProduceRequest {
  stream: string;
  options: NativeProducerOptions;
  client: string;
  token: string;
  /** For the producer's end. */
  userInfo: string;
  attributes: WireAttributes | undefined;
  idleMs: number;
  timeoutMs: number;
  signal: AbortSignal | undefined;
  /** Pauses between attempts after the link was lost, ms, from the shortest on; undefined: it is not dialled again. */
  pausesMs: (() => Iterable<number>) | undefined;
}

interface Asked {
  session: Session;
  policy: NativePolicy;
}

/** @throws StreamError as `meet`, and what `dial` throws */
export async function openRemoteProducer(
  host: NativeHost,
  dial: Dial,
  request: ProduceRequest,
): Promise<{ producer: NativeProducer; flush: () => Promise<void> }> {
  const asked = await ask(host, dial, request, request.signal);
  const stream = makeLocalStream(host);
  let producer: NativeProducer;
  try {
    producer = stream.connectProducer(request.options);
    if (request.userInfo !== "") producer.setUserInfo(request.userInfo);
  } catch (error) {
    asked.session.fail(error as Error);
    stream.close();
    throw error;
  }
  const uplink = new Uplink(host, stream, producer, dial, request);
  uplink.serve(asked);
  return { producer, flush: () => uplink.flush() };
}

async function ask(
  host: NativeHost,
  dial: Dial,
  request: ProduceRequest,
  signal: AbortSignal | undefined,
): Promise<Asked> {
  const link = await dial(signal, request.timeoutMs);
  const { stream, client, token, attributes, idleMs, timeoutMs } = request;
  const first = greet({ role: "produce", stream, client, token, idleMs, attributes });
  const meeting = { now: () => host.binding.now(), idleMs, timeoutMs, signal, first };
  return meet(link, meeting, (message, session): Asked | undefined => {
    if (message.type === "bye") throw new StreamError("ERR_BAD_MATCH", message.reason);
    if (message.type !== "hello" || message.policy === undefined) return undefined;
    session.handOver(silent); // until the seat is made
    session.pause();
    return { session, policy: message.policy };
  });
}

const silent: SessionUser = { onMessage: () => {}, onPayload: () => {}, onClosed: () => {} };

/** One producer's way to its peer, through as many links as it takes. */
class Uplink {
  readonly #host: NativeHost;
  readonly #stream: NativeStream;
  readonly #producer: NativeProducer;
  readonly #dial: Dial;
  readonly #request: ProduceRequest;
  #seat: ConsumerSeat | undefined;

  constructor(host: NativeHost, stream: NativeStream, producer: NativeProducer, dial: Dial, request: ProduceRequest) {
    this.#host = host;
    this.#stream = stream;
    this.#producer = producer;
    this.#dial = dial;
    this.#request = request;
  }

  serve({ session, policy }: Asked): void {
    try {
      const seat = this.#stream.connectConsumer({ policy, formatMask: 0, client: session.link.peer });
      session.trust();
      this.#seat = new ConsumerSeat(this.#host, seat, session, this.#request.idleMs, (why) => void this.#lost(why));
      session.resume();
    } catch (error) {
      session.fail(error as Error);
      throw error;
    }
  }

  async flush(): Promise<void> {
    await this.#seat?.flush();
  }

  get #isOpen(): boolean {
    try {
      this.#producer.info();
      return true;
    } catch {
      return false; // the application closed it
    }
  }

  /** The link is gone, and the seat with it. */
  async #lost({ ended, refused }: SeatEnd): Promise<void> {
    const pauses = ended || refused !== undefined ? [] : (this.#request.pausesMs?.() ?? []);
    for (const ms of pauses) {
      await new Promise<void>((resolve) => setTimeout(resolve, ms).unref());
      if (!this.#isOpen) break;
      try {
        const asked = await ask(this.#host, this.#dial, this.#request, undefined);
        if (this.#isOpen) {
          this.serve(asked);
          return;
        }
        asked.session.fail(new Error("the producer was closed"));
        break;
      } catch (error) {
        if (error instanceof StreamError && hopeless.has(error.code)) break;
      }
    }
    this.#stream.close();
  }
}
