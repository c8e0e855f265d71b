/**
 * A remote producer's frames, read into slots of a producer of this process and posted there. Pixels go from the
 * socket into the slot; where a slot or a place is missing the link is not read until there is one.
 */
import { Flow, FrameInfo, type NativeFormatSpec, type NativeProducer, PostInfo } from "../../native/binding.ts";
import { StreamError, wrapNativeError } from "../../sdk/base/errors.ts";
import type { FormatDescription } from "../../sdk/base/format.ts";
import { protocolError } from "../wire/codes.ts";
import type { Payload, WireMessage } from "../wire/index.ts";
import type { NativeHost } from "./host.ts";
import type { Session } from "./session.ts";

type FrameHead = Extract<WireMessage, { type: "frame" }>;
type Layout = Extract<WireMessage, { type: "layout" }>;

/** What becomes of the frames. */
export interface FrameDestination {
  /** The producer that posts them, made when the first layout is known. */
  open(format: NativeFormatSpec): NativeProducer;
  /** Frame `local` of that producer is the peer's `head`. */
  posted(local: bigint, head: FrameHead): void;
  /** No more frames come over this link. */
  done(producer: NativeProducer): void;
  /** The producer is there, and those who connected before it would get its next frame. */
  attached(): void;
}

const blockNames = ["block0", "block1", "block2", "block3"] as const;
/** es_state: before `empty` a consumer is in the middle of its hand-shake, and misses what is posted. */
const attachedState = 3;

export class FrameReceiver {
  readonly #host: NativeHost;
  readonly #session: Session;
  readonly #destination: FrameDestination;
  #producer: NativeProducer | undefined;
  #head: FrameHead | undefined;
  #lease: number | undefined;
  /** What the link waits for: the session is paused. */
  #lack: "consumers" | "slot" | "place" | undefined;
  readonly #blocks: Uint8Array[] = blockNames.map(() => new Uint8Array(0));
  #attached = false;
  #closed = false;

  constructor(host: NativeHost, session: Session, destination: FrameDestination) {
    this.#host = host;
    this.#session = session;
    this.#destination = destination;
  }

  get producer(): NativeProducer | undefined {
    return this.#producer;
  }

  /** Frames can come. */
  get attached(): boolean {
    return this.#attached;
  }

  layout({ format }: Layout): void {
    const spec = this.#checked(format);
    if (this.#producer === undefined) {
      const producer = this.#destination.open(spec);
      this.#producer = producer;
      this.#host.register(producer.id, { onWake: () => this.#tryAgain(), onEvent: () => this.#tryAgain() });
    } else if (this.#producer.reconfigure(spec) !== Flow.ok) {
      throw new StreamError("ERR_CLOSED", "the stream of this side has ended", { reason: "closed" });
    }
    this.#await("consumers");
  }

  frame(head: FrameHead): void {
    if (head.size === 0) throw protocolError("a frame has no bytes");
    this.#head = head;
    this.#await("slot");
  }

  payload({ last }: Payload): void {
    if (last) this.#await("place");
  }

  /** Waiting frames up to there are gone, as they are at the peer. */
  reset(): void {
    this.#producer?.reset();
  }

  /** The link must not be read any more. What was posted can still be acquired, as the consumers' policy says. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const producer = this.#producer;
    if (producer === undefined) return;
    this.#host.unregister(producer.id);
    if (this.#lease !== undefined) producer.discard(this.#lease);
    this.#lease = undefined;
    this.#destination.done(producer);
  }

  #checked(format: FormatDescription): NativeFormatSpec {
    const { name, width, height, size, planes, timeBaseNum, timeBaseDen } = format;
    const ours = this.#host.binding.formatLayout(name, width, height);
    const same =
      ours.size === size &&
      ours.planes.length === planes.length &&
      ours.planes.every(({ offset, stride }, index) => {
        const theirs = planes[index];
        return theirs?.offset === offset && theirs.stride === stride;
      });
    if (!same) throw new StreamError("ERR_BAD_MATCH", `the peer lays out ${name} ${width}x${height} in another way`);
    return { name, width, height, timeBaseNum, timeBaseDen };
  }

  /** Goes on at once, or when it is there. */
  #await(lack: "consumers" | "slot" | "place"): void {
    this.#lack = lack;
    if (this.#supply(lack)) this.#lack = undefined;
    else this.#session.pause();
  }

  #tryAgain(): void {
    if (this.#lack === undefined || this.#closed) return;
    try {
      if (!this.#supply(this.#lack)) return;
    } catch (error) {
      this.#session.fail(wrapNativeError(error) as Error);
      return;
    }
    this.#lack = undefined;
    this.#session.resume();
  }

  #supply(lack: "consumers" | "slot" | "place"): boolean {
    if (lack === "consumers") return this.#isAttached();
    return lack === "slot" ? this.#takeSlot() : this.#post();
  }

  #isAttached(): boolean {
    if (!this.#live.connections().every(({ state }) => state >= attachedState)) return false;
    this.#attached = true;
    this.#destination.attached();
    return true;
  }

  get #live(): NativeProducer {
    if (this.#producer !== undefined) return this.#producer;
    throw new StreamError("ERR_BAD_PROTOCOL", "a frame comes before its layout");
  }

  #takeSlot(): boolean {
    const producer = this.#live;
    const flow = producer.tryAcquire();
    if (flow === Flow.wouldBlock) return false;
    if (flow !== Flow.ok)
      throw new StreamError("ERR_CLOSED", "the stream of this side has ended", { reason: "closed" });
    const lease = Number(this.#host.binding.frameInfo[FrameInfo.lease]);
    this.#lease = lease;
    const { size } = this.#head as FrameHead;
    this.#session.aim(new Uint8Array(producer.view(lease), 0, size));
    return true;
  }

  #post(): boolean {
    const producer = this.#live;
    const head = this.#head as FrameHead;
    const { binding } = this.#host;
    const { clock } = this.#session;
    const info = binding.postInfo;
    info[PostInfo.pts] = head.pts;
    info[PostInfo.duration] = head.duration;
    info[PostInfo.captured] = clock.toOurs(head.captured);
    info[PostInfo.size] = BigInt(head.size);
    this.#setBlocks(producer, head);
    const lease = this.#lease as number;
    const { metadata } = head;
    const flow = metadata.length === 0 ? producer.tryPost(lease, true) : producer.tryPost(lease, true, metadata);
    if (flow === Flow.wouldBlock) return false;
    if (flow !== Flow.ok)
      throw new StreamError("ERR_CLOSED", "the stream of this side has ended", { reason: "closed" });
    this.#lease = undefined;
    this.#destination.posted(binding.frameInfo[FrameInfo.number] as bigint, head);
    return true;
  }

  #setBlocks(producer: NativeProducer, head: FrameHead): void {
    for (const [index, name] of blockNames.entries()) {
      const block = head[name];
      if (block.length === 0 || Buffer.compare(block, this.#blocks[index] as Uint8Array) === 0) continue;
      producer.setMetadata(index, 0, block);
      this.#blocks[index] = block;
    }
  }
}
