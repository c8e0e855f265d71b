/** A created stream offered over the network. */
import type { NativeStream } from "../native/binding.ts";
import { offerAt, type Stall } from "../transports/network.ts";
import { Access } from "../transports/remote/access.ts";
import { type HostPort, parseHostPort, showHostPort } from "../transports/remote/address.ts";
import type { Offer } from "../transports/remote/offer.ts";
import { acceptWithDefaults } from "./base/config.ts";
import { StreamError } from "./base/errors.ts";
import { networkDefaults } from "./base/network-config.ts";
import type { CreateStreamOptions, NegotiatedAttributes, RefusedEvent, StreamInfo } from "./base/types.ts";
import type { BindingHost } from "./binding-host.ts";
import { toNativePolicy, toNativeProducerOptions } from "./native-options.ts";

/** What the stream that was made of it has to say. */
export interface OfferedStream {
  info(): Promise<StreamInfo>;
  readonly hasProducer: boolean;
  refused(event: RefusedEvent): void;
}

const isLoopback = ({ host }: HostPort) => /^(127\.|::1$|localhost$)/i.test(host);
let warned = false;

/** Anybody who reaches the port may connect: worth a word, once. */
function warnOpen(place: HostPort): void {
  if (warned || isLoopback(place)) return;
  warned = true;
  const text = `${showHostPort(place)} is open to everybody who reaches it; add option "tokens"`;
  process.emitWarning(text, { type: "EdgestreamWarning", code: "EDGESTREAM_OPEN_PORT" });
}

const networkAddresses = (options: CreateStreamOptions): readonly string[] =>
  (options.listen ?? []).filter((address) => address !== "ipc");

/** A producer of this process does not negotiate what its frames are. */
function frameAttributes({ frame }: CreateStreamOptions): NegotiatedAttributes {
  if (frame === undefined) return {};
  const { format, width, height } = frame;
  return { format, width, ...(height !== undefined && { height }) };
}

export interface NetworkOffer {
  stalls: readonly Stall[];
  /** Resolves when peers have what was posted before. undefined: there are none. */
  flush(): Promise<void> | undefined;
}

/** All of them, or none and an error. */
export async function offerOverNetwork(
  host: BindingHost,
  stream: NativeStream,
  options: CreateStreamOptions,
  offered: () => OfferedStream | undefined,
): Promise<NetworkOffer> {
  const places = networkAddresses(options).map(parseHostPort);
  if (places.length === 0) return { stalls: [], flush: () => undefined };
  const access = new Access(options.tokens);
  const { mode, fifoLength } = options.attributes ?? {};
  const agreed = { ...options, ...(mode && { mode }), ...(fifoLength && { fifoLength }) };
  const offer: Offer = {
    name: options.name ?? "",
    access,
    idleMs: options.idleTimeoutMs ?? networkDefaults.idleTimeoutMs,
    maxWaitMs: acceptWithDefaults(options.accept).maxWaitMs,
    attributes: { ...frameAttributes(options), ...options.attributes },
    policy: toNativePolicy(agreed, "ipc"),
    seats: new Set(),
    publisher: undefined,
    hasProducer: () => offered()?.hasProducer ?? false,
    connectConsumer: (own) => stream.connectConsumer(own),
    openProducer: (format) => {
      const native = toNativeProducerOptions({ ...options, frame: { format: "bytes", width: 1 } }, {});
      return stream.connectProducer({ ...native, format, supportReset: true });
    },
    closeProducer: (producer) => producer.close(),
    info: async () => {
      const known = await offered()?.info();
      if (known === undefined) throw new StreamError("ERR_BAD_STATE", "the stream has no producer");
      return known;
    },
    refused: (event) => offered()?.refused(event),
  };
  const stalls: Stall[] = [];
  try {
    for (const place of places) {
      if (access.open) warnOpen(place);
      stalls.push(await offerAt(host, place, { tls: options.tls, origins: options.origins }, offer));
    }
  } catch (error) {
    for (const stall of stalls) stall.close();
    throw error;
  }
  const flush = () => {
    if (offer.seats.size === 0) return undefined;
    return Promise.all([...offer.seats].map((seat) => seat.flush())).then(() => {});
  };
  return { stalls, flush };
}
