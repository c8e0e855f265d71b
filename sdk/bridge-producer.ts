/** The producer of a bridge's local stream: it outlives links, so that local consumers do. */
import { Flow, type NativeFormatSpec, type NativeProducer, type NativeStream } from "../native/binding.ts";
import type { FrameHead, Publication } from "../transports/remote/offer.ts";
import { wrapNativeError } from "./base/errors.ts";
import type { ProducerStats } from "./base/stats-types.ts";
import type { CreateStreamOptions, DisconnectCause } from "./base/types.ts";
import type { BindingHost } from "./binding-host.ts";
import { toNativeProducerOptions } from "./native-options.ts";
import { toProducerStats } from "./stats.ts";

export class BridgeProducer implements Publication {
  readonly posted: (head: FrameHead) => void;
  /** Why the newest link's frames could not be taken. */
  failure: unknown;
  readonly #host: BindingHost;
  readonly #stream: NativeStream;
  readonly #options: CreateStreamOptions;
  #native: NativeProducer | undefined;
  #whenGone: (() => void)[] = [];

  constructor(
    host: BindingHost,
    stream: NativeStream,
    options: CreateStreamOptions,
    onPosted: (head: FrameHead) => void,
  ) {
    this.#host = host;
    this.#stream = stream;
    this.#options = options;
    this.posted = onPosted;
  }

  openProducer(format: NativeFormatSpec): NativeProducer {
    try {
      this.#native ??= this.#make(format);
      // A stream of this life that goes on may look different from here on.
      if (this.#native.reconfigure(format) === Flow.ok) return this.#native;
      this.close();
      this.#native = this.#make(format);
      return this.#native;
    } catch (error) {
      this.failure = wrapNativeError(error);
      throw error;
    }
  }

  /** Only the remote producer's own word ends the local one. */
  closeProducer(_producer: NativeProducer, cause: DisconnectCause | undefined): void {
    if (cause === "ended" || cause === "stopped") this.close();
  }

  /** Resolves when consumers have taken what an ended life left them. */
  async drained(): Promise<void> {
    if (this.#native !== undefined) await new Promise<void>((resolve) => this.#whenGone.push(resolve));
  }

  stats(): ProducerStats | undefined {
    const native = this.#native;
    if (native === undefined) return undefined;
    const pause = { paused: false, droppedPaused: 0n };
    return toProducerStats(this.#host, native.info(), native.connections(), pause, (id) => native.latency(id));
  }

  /** Consumers see `producer-closed`, unless they were told another end. */
  close(): void {
    this.#native?.close();
    this.#native = undefined;
    for (const resolve of this.#whenGone.splice(0)) resolve();
  }

  #make(format: NativeFormatSpec): NativeProducer {
    // The frame is the remote producer's.
    const options = toNativeProducerOptions({ ...this.#options, frame: { format: "bytes", width: 1 } }, {});
    return this.#stream.connectProducer({ ...options, format, supportReset: true });
  }
}
