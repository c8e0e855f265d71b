/** openStream: a stream that another process (or another thread) made, now or a little later. */
import type { NativeConsumerOptions } from "../native/binding.ts";
import { parseLocalAddress } from "../transports/local/address.ts";
import { viaOfOpened } from "../transports/local/choose.ts";
import { isRemoteAddress, parseRemoteAddress } from "../transports/remote/address.ts";
import { checkOpenOptions, defaults, handshakeMsMin, mergeModeOptions } from "./base/config.ts";
import { formatMask } from "./base/format.ts";
import { reconnectWithDefaults } from "./base/reconnect.ts";
import type { ConsumerOptions, OpenStreamOptions, UserInfo, WaitOptions } from "./base/types.ts";
import { type BindingHost, bindingHost } from "./binding-host.ts";
import { openConsumer, openProducer, whenThere } from "./connect.ts";
import { findStream } from "./find-stream.ts";
import { KeepAlive } from "./keep-alive.ts";
import { toNativePolicy, toNativeProducerOptions } from "./native-options.ts";
import { openRemoteStream } from "./open-remote.ts";
import { Stream, type StreamSource } from "./stream.ts";
import { askForInfo } from "./stream-info.ts";
import { withUserInfo } from "./user-info.ts";

/**
 * Finds a stream by `cam1` or `ipc:cam1`, or on another host by `tcp://host:8888/cam1` (`tls`, `ws`, `wss`), and waits
 * for one that is not there yet. A name alone is looked for on this host first, then at `remotes`; `stream.via` says
 * where it was.
 * @throws StreamError ERR_NOT_FOUND, reason `timeout`: not there within `timeoutMs`; ERR_ABORTED; ERR_BAD_PARAMETER;
 *   ERR_BAD_ACCESS, ERR_SYSTEM: it is there, but this user may not connect; ERR_NO_BINDING
 * @example
 * const stream = await openStream("cam1", { mode: "mailbox", reconnect: true, timeoutMs: 10_000 });
 * const consumer = await stream.connectConsumer();
 */
export async function openStream(address: string, options?: OpenStreamOptions): Promise<Stream> {
  return openStreamOn(undefined, address, options);
}

/** With a host of the caller's choice. @internal */
export async function openStreamOn(
  given: BindingHost | undefined,
  address: string,
  options?: OpenStreamOptions,
): Promise<Stream> {
  const checked = checkOpenOptions(options);
  if (isRemoteAddress(address)) {
    return openRemoteStream(given ?? bindingHost(), parseRemoteAddress(address), checked);
  }
  const { name } = parseLocalAddress(address);
  const host = given ?? bindingHost();
  // An observer takes no seat: the least one can ask of a stream, and enough to know that it is there.
  const probe = async () => host.binding.openObserver(name, checked.runtimeDir).close();
  const local = { look: probe, open: () => new Stream(host, openedSource(host, name, checked)) };
  return findStream(host, name, local, checked);
}

function openedSource(host: BindingHost, name: string, options: OpenStreamOptions): StreamSource {
  const { runtimeDir } = options;
  const connect = (own: ConsumerOptions, wait: WaitOptions) => {
    const nativeOptions = toNativeConsumerOptions(options, own);
    const open = () => withUserInfo(host.binding.openConsumer(name, nativeOptions), own.userInfo);
    return openConsumer(host, open, wait);
  };
  // The stream was there a moment ago; if it is gone, it gets as long to come back as it had to appear.
  const patience = (wait: WaitOptions): WaitOptions => {
    if (wait.timeoutMs !== undefined || options.timeoutMs === undefined) return wait;
    return { ...wait, timeoutMs: Math.max(options.timeoutMs, handshakeMsMin) };
  };
  return {
    name,
    via: viaOfOpened(name),
    strict: false,
    wait: options.wait,
    modeOptions: options,
    observer: options.observer,
    object: undefined,
    addresses: [],
    flush: () => undefined,
    keepAlive: new KeepAlive(host.loop),
    connectProducer(own) {
      const nativeOptions = toNativeProducerOptions({}, own);
      const openWith = (info: UserInfo | undefined) =>
        withUserInfo(host.binding.openProducer(name, runtimeDir, nativeOptions), info);
      const open = (left: WaitOptions) => openProducer(host, () => openWith(own.userInfo), left);
      return whenThere(name, open, patience(waitOf(own)));
    },
    connectConsumer: (own, wait) => whenThere(name, (left) => connect(own, left), patience(wait)),
    info: (wait) => askForInfo(host, name, runtimeDir, wait),
    comeback(own) {
      const backoff = reconnectWithDefaults(own.reconnect ?? options.reconnect);
      const reopen = (signal: AbortSignal) => connect(own, { signal, timeoutMs: handshakeMsMin });
      const whileAway = own.whileAway ?? options.whileAway ?? defaults.whileAway;
      return backoff && { reopen, backoff, whileAway };
    },
    close() {},
  };
}

function waitOf(options: WaitOptions): WaitOptions {
  const { timeoutMs, signal } = options;
  return { ...(timeoutMs === undefined ? {} : { timeoutMs }), ...(signal === undefined ? {} : { signal }) };
}

function toNativeConsumerOptions(stream: OpenStreamOptions, own: ConsumerOptions): NativeConsumerOptions {
  return {
    policy: toNativePolicy(mergeModeOptions(stream, own), "ipc"),
    formatMask: formatMask(own.formats),
    client: own.client ?? stream.client,
    runtimeDir: stream.runtimeDir,
  };
}
