/** createStream: a new stream of this process, with or without a name that others can look for. */
import type { NativeStream } from "../native/binding.ts";
import { viaOfCreated } from "../transports/local/choose.ts";
import { checkCreateOptions, mergeModeOptions } from "./base/config.ts";
import { native, StreamError } from "./base/errors.ts";
import { formatMask } from "./base/format.ts";
import type { ConsumerOptions, CreateStreamOptions } from "./base/types.ts";
import { type BindingHost, bindingHost } from "./binding-host.ts";
import { settleConsumer } from "./connect.ts";
import { KeepAlive } from "./keep-alive.ts";
import { toNativePolicy, toNativeProducerOptions, toNativeStreamOptions } from "./native-options.ts";
import { type NetworkOffer, type OfferedStream, offerOverNetwork } from "./network-offer.ts";
import { whenFree } from "./standby.ts";
import { Stream, type StreamSource } from "./stream.ts";
import { askForInfo } from "./stream-info.ts";
import { withUserInfo } from "./user-info.ts";

/**
 * Makes a stream. With a name, the process owns that name until the stream closes, and stays alive while it listens.
 * With `standby` it resolves when the name is this process's: at once, or within about 50 ms of the last owner's end.
 * Of several standbys one gets it and the others wait on.
 * @throws StreamError ERR_BAD_PARAMETER; ERR_RESOURCE_BUSY: a living process has the name; ERR_SYSTEM, ERR_BAD_ACCESS:
 *   the runtime directory cannot be used; ERR_TIMEOUT, ERR_ABORTED: a standby's wait is over; ERR_NO_BINDING: the
 *   native part is missing
 * @example
 * const stream = await createStream({ name: "cam1", frame: { format: "NV12", width: 1920, height: 1080 } });
 */
export async function createStream(options?: CreateStreamOptions): Promise<Stream> {
  return (await makeStream(options)).stream;
}

/** A stream with what the addon knows of it. @internal */
export interface MadeStream {
  stream: Stream;
  native: NativeStream;
}

/** As createStream. @internal */
export async function makeStream(options?: CreateStreamOptions): Promise<MadeStream> {
  const checked = checkCreateOptions(options);
  const host = bindingHost();
  const take = () => native(() => host.binding.createStream(toNativeStreamOptions(checked)));
  const stream = checked.standby ? await whenFree(checked.name ?? "", take, checked) : take();
  let made: Stream | undefined;
  const offered = () => made && offeredBy(made);
  let offer: NetworkOffer;
  try {
    offer = await offerOverNetwork(host, stream, checked, offered);
  } catch (error) {
    stream.close();
    throw error;
  }
  made = new Stream(host, createdSource(host, stream, checked, offer));
  return { stream: made, native: stream };
}

function offeredBy(stream: Stream): OfferedStream {
  return {
    info: () => stream.info(),
    get hasProducer() {
      return stream.hasProducer;
    },
    refused: (event) => stream.tellRefused(event),
  };
}

function createdSource(
  host: BindingHost,
  stream: NativeStream,
  options: CreateStreamOptions,
  { stalls, flush }: NetworkOffer,
): StreamSource {
  const keepAlive = new KeepAlive(host.loop);
  const listens = stream.socket !== "" || stalls.length > 0;
  if (listens) keepAlive.hold();
  return {
    name: options.name,
    via: viaOfCreated(stream.socket, options.memory),
    strict: options.strict ?? false,
    wait: options.wait,
    modeOptions: options,
    observer: options.observer,
    object: stream.id,
    flush,
    addresses: stalls.map(({ address }) => address),
    keepAlive,
    async connectProducer(own) {
      const nativeOptions = toNativeProducerOptions(options, own);
      return withUserInfo(
        native(() => stream.connectProducer(nativeOptions)),
        own.userInfo,
      );
    },
    async connectConsumer(own, wait) {
      const made = native(() => stream.connectConsumer(toNativeConsumerOptions(options, own)));
      const consumer = withUserInfo(made, own.userInfo);
      await settleConsumer(host, consumer, wait);
      return consumer;
    },
    async info(wait) {
      if (stream.socket === "") throw new StreamError("ERR_BAD_STATE", "info: the stream has no producer");
      return askForInfo(host, options.name ?? "", options.runtimeDir, wait);
    },
    // The stream is this process's own: when its producer closes, nobody restarts it behind our back.
    comeback: () => undefined,
    close() {
      if (listens) keepAlive.drop();
      for (const stall of stalls) stall.close();
      stream.close();
    },
  };
}

function toNativeConsumerOptions(stream: CreateStreamOptions, own: ConsumerOptions) {
  return {
    policy: toNativePolicy(mergeModeOptions(stream, own), "in-process"),
    formatMask: formatMask(own.formats),
    client: own.client,
    runtimeDir: undefined,
  };
}
