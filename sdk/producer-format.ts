/** What a producer's frames look like, and how that changes in mid-stream. */
import { Flow, type NativeProducer } from "../native/binding.ts";
import { checkReconfigure } from "./base/config.ts";
import { native, StreamError } from "./base/errors.ts";
import { toFrameLayout } from "./base/format.ts";
import type { FormatChangeEvent, FrameLayout, FrameSpec } from "./base/types.ts";
import { toNativeFormat } from "./native-options.ts";

export class ProducerFormat {
  readonly #native: NativeProducer;
  #layout: FrameLayout;
  #layoutId: number;

  constructor(producer: NativeProducer) {
    const { layout, format } = producer.info();
    this.#native = producer;
    this.#layout = toFrameLayout(format);
    this.#layoutId = layout;
  }

  /** Of the frames acquired from here on. */
  get layout(): FrameLayout {
    return this.#layout;
  }

  /** undefined: the producer has that format already. Throws as `Producer.reconfigure`. */
  change(frame: FrameSpec): FormatChangeEvent | undefined {
    const checked = checkReconfigure(frame);
    if (native(() => this.#native.reconfigure(toNativeFormat(checked))) !== Flow.ok) {
      throw new StreamError("ERR_BAD_STATE", "reconfigure: the stream was stopped", { reason: "closed" });
    }
    const { layout, format } = this.#native.info();
    if (layout === this.#layoutId) return undefined;
    const previous = this.#layout;
    this.#layoutId = layout;
    this.#layout = toFrameLayout(format);
    return { layout: this.#layout, previous };
  }
}
