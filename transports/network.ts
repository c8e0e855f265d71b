/** From an address to a link, and from listeners to streams: streams of a process share a listener per address. */
import { isDeepStrictEqual } from "node:util";
import { StreamError } from "../sdk/base/errors.ts";
import { type HostPort, showHostPort } from "./remote/address.ts";
import type { NativeHost } from "./remote/host.ts";
import type { Dial, Link } from "./remote/link.ts";
import type { DialOptions, Listening, ListenOptions } from "./remote/network-options.ts";
import type { Offer } from "./remote/offer.ts";
import { Reception } from "./remote/reception.ts";

/** Loads a transport when it is used first: `ws` is not for those who never say it. */
const isWeb = ({ carrier }: HostPort) => carrier === "ws" || carrier === "wss";

export function dialTo(place: HostPort, options: DialOptions): Dial {
  return async (signal, timeoutMs) => {
    // A timer of 0 ms gives nobody a chance to answer; who does not wait is told by the hand-shake.
    const limited = { ...options, connectTimeoutMs: Math.min(options.connectTimeoutMs, Math.max(timeoutMs, 100)) };
    if (isWeb(place)) return (await import("./ws/dial.ts")).dialWs(place, limited, signal);
    return (await import("./tcp/dial.ts")).dialTcp(place, limited, signal);
  };
}

async function listenOn(
  host: NativeHost,
  place: HostPort,
  options: ListenOptions,
  accept: (link: Link) => void,
): Promise<Listening> {
  if (isWeb(place)) return (await import("./ws/listen.ts")).listenWs(place, options, accept);
  return (await import("./tcp/listen.ts")).listenTcp(host, place, options, accept);
}

interface Listener {
  options: ListenOptions;
  reception: Reception;
  listening: Promise<Listening>;
}

/** By environment and address. */
const listeners = new WeakMap<NativeHost, Map<string, Listener>>();

/** A stream's place at a listener. */
export interface Stall {
  /** With the port in the end. */
  readonly address: string;
  close(): void;
}

/**
 * Offers a stream at an address; opens it if no other stream of this process has.
 * @throws StreamError ERR_RESOURCE_BUSY: the port, or the name at this address, is taken; as the listeners
 */
export async function offerAt(host: NativeHost, place: HostPort, options: ListenOptions, offer: Offer): Promise<Stall> {
  const open = listeners.get(host) ?? new Map<string, Listener>();
  listeners.set(host, open);
  const key = showHostPort(place);
  let listener = place.port === 0 ? undefined : open.get(key);
  if (listener === undefined) {
    const reception = new Reception(host);
    listener = { reception, options, listening: listenOn(host, place, options, (link) => reception.receive(link)) };
    if (place.port !== 0) open.set(key, listener);
  }
  const { reception } = listener;
  if (!isDeepStrictEqual(listener.options, options)) {
    const hint = 'another stream of this process listens there with other "tls" or "origins"; give both the same';
    throw new StreamError("ERR_BAD_PARAMETER", `${key}: ${hint}`);
  }
  if (reception.has(offer.name)) {
    throw new StreamError("ERR_RESOURCE_BUSY", `${key}: this process listens for "${offer.name}" there already`);
  }
  reception.add(offer);
  let listening: Listening;
  try {
    listening = await listener.listening;
  } catch (error) {
    reception.remove(offer);
    if (open.get(key) === listener) open.delete(key);
    throw error;
  }
  const close = () => {
    reception.remove(offer);
    if (!reception.isEmpty) return;
    listening.close();
    if (open.get(key) === listener) open.delete(key);
  };
  return { address: `${showHostPort({ ...place, port: listening.port })}/${offer.name}`, close };
}
