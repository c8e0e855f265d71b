/** The public types, as an application's compiler sees them. */
import { assertType, expectTypeOf, test } from "vitest";
import type { streamEventNames } from "../../sdk/base/event-names.ts";
import {
  type ConnectedConsumer,
  type Consumer,
  type ConsumerStats,
  type CreateStreamOptions,
  createStream,
  type DisconnectCause,
  type ErrorCode,
  type FlowStatus,
  type FormatName,
  openStream,
  type PostResult,
  type Producer,
  type ReadableFrame,
  type Result,
  type StateChange,
  type Stream,
  StreamError,
  type StreamEvents,
  type StreamInfo,
  type StreamMetadata,
  type StreamObserver,
  type StreamState,
  type Via,
  type WritableFrame,
} from "../../sdk/index.ts";

declare const stream: Stream;
declare const producer: Producer;
declare const consumer: Consumer;
declare const frame: ReadableFrame;

test("streams", () => {
  expectTypeOf(createStream).returns.resolves.toEqualTypeOf<Stream>();
  expectTypeOf(createStream).parameter(0).toEqualTypeOf<CreateStreamOptions | undefined>();
  expectTypeOf(openStream("cam1")).resolves.toEqualTypeOf<Stream>();
  expectTypeOf(stream.state).toEqualTypeOf<StreamState>();
  expectTypeOf(stream.via).toEqualTypeOf<Via>();
  expectTypeOf(stream.connectProducer()).resolves.toEqualTypeOf<Producer>();
  expectTypeOf(stream.connectConsumer({ mode: "fifo", fifoLength: 3 })).resolves.toEqualTypeOf<Consumer>();
  assertType<AsyncDisposable>(stream);
  assertType<CreateStreamOptions>({ name: "cam1", frame: { format: "NV12", width: 1920, height: 1080 } });
  assertType<CreateStreamOptions>({ frame: { format: "bytes", width: 100 } });
  // @ts-expect-error a mode that does not exist
  assertType<CreateStreamOptions>({ mode: "latest" });
  // @ts-expect-error a format that does not exist
  assertType<CreateStreamOptions>({ frame: { format: "JPEG", width: 1, height: 1 } });
  // @ts-expect-error an option that does not exist
  assertType<CreateStreamOptions>({ color: "red" });
});

test("events", () => {
  stream.on("statechange", (change) => expectTypeOf(change).toEqualTypeOf<StateChange>());
  producer.on("disconnected", ({ connection, cause, discarded }) => {
    expectTypeOf(connection).toEqualTypeOf<bigint>();
    expectTypeOf(cause).toEqualTypeOf<DisconnectCause>();
    expectTypeOf(discarded).toEqualTypeOf<bigint>();
  });
  producer.on("stalled", ({ waitedMs }) => expectTypeOf(waitedMs).toEqualTypeOf<number>());
  consumer.on("reconnected", ({ epoch }) => expectTypeOf(epoch).toEqualTypeOf<bigint>());
});

test("observers have a method for each event, with the event's own type", () => {
  expectTypeOf<(typeof streamEventNames)[number]>().toEqualTypeOf<keyof StreamEvents>();
  expectTypeOf<keyof StreamObserver>().toEqualTypeOf<keyof StreamEvents>();
  assertType<CreateStreamOptions>({
    observer: {
      heldTooLong: ({ heldMs, frames }) => expectTypeOf(heldMs).toEqualTypeOf(frames),
      evicted: ({ cause, stats }) => {
        expectTypeOf(cause).toEqualTypeOf<DisconnectCause>();
        expectTypeOf(stats?.delivered).toEqualTypeOf<bigint | undefined>();
      },
    },
  });
  // @ts-expect-error an event that does not exist
  assertType<StreamObserver>({ overheard: () => {} });
});

test("the producer", () => {
  expectTypeOf(producer.acquire({ timeoutMs: 5 })).resolves.toEqualTypeOf<WritableFrame>();
  expectTypeOf(producer.tryAcquire()).toEqualTypeOf<Result<WritableFrame>>();
  expectTypeOf(producer.post({} as WritableFrame, { pts: 1n })).resolves.toEqualTypeOf<bigint>();
  expectTypeOf(producer.tryPush(Buffer.alloc(1))).toEqualTypeOf<PostResult>();
  // @ts-expect-error times are bigint nanoseconds
  void producer.push(new Uint8Array(1), { pts: 1 });
  // @ts-expect-error a try verb does not wait
  producer.tryPush(new Uint8Array(1), { timeoutMs: 1 });
  // @ts-expect-error a readable frame cannot be posted
  void producer.post(frame);
});

test("the consumer", async () => {
  expectTypeOf(consumer.acquire()).resolves.toEqualTypeOf<ReadableFrame>();
  expectTypeOf(consumer.stats()).toEqualTypeOf<ConsumerStats>();
  for await (const each of consumer) expectTypeOf(each).toEqualTypeOf<ReadableFrame>();
  const result = await consumer.next();
  expectTypeOf(result.status).toEqualTypeOf<FlowStatus>();
  if (result.status === "ok") expectTypeOf(result.frame).toEqualTypeOf<ReadableFrame>();
  else expectTypeOf(result.frame).toEqualTypeOf<undefined>();
});

test("attributes have the type of their name, and only two can be set", () => {
  expectTypeOf(stream.query("producerFrame")).toEqualTypeOf<bigint>();
  expectTypeOf(consumer.query("streamState")).toEqualTypeOf<StreamState>();
  expectTypeOf(consumer.query("consumerLatencyUsec")).toEqualTypeOf<number>();
  stream.set("consumerAcquireTimeoutUsec", 0);
  // @ts-expect-error it can only be queried
  stream.set("producerFrame", 1);
  // @ts-expect-error an attribute that does not exist
  consumer.query("streamFifoSynchronous");
  // @ts-expect-error microseconds are a number
  consumer.set("consumerLatencyUsec", 1n);
});

test("what a stream tells about itself", () => {
  expectTypeOf(stream.info()).resolves.toEqualTypeOf<StreamInfo>();
  expectTypeOf(consumer.info({ timeoutMs: 5 })).resolves.toEqualTypeOf<StreamInfo>();
  expectTypeOf(producer.info()).toEqualTypeOf<StreamInfo>();
  expectTypeOf(producer.consumers[0]).toEqualTypeOf<ConnectedConsumer | undefined>();
  consumer.on("info", (told) => expectTypeOf(told).toEqualTypeOf<StreamMetadata>());
  assertType<CreateStreamOptions>({ onDrop: ({ at, reason }) => void [at, reason] });
  // @ts-expect-error what is measured is not told
  producer.updateInfo({ fps: 3 });
});

test("frames", () => {
  assertType<Disposable>(frame);
  expectTypeOf(frame.data).toExtend<Uint8Array>();
  expectTypeOf(frame.pts).toEqualTypeOf<bigint | undefined>();
  expectTypeOf(frame.format).toEqualTypeOf<FormatName>();
  expectTypeOf(frame.writeTo(process.stdout)).resolves.toEqualTypeOf<void>();
  // @ts-expect-error what a frame is cannot be changed
  frame.number = 1n;
});

test("errors", () => {
  const error = new StreamError("ERR_TIMEOUT", "x", { reason: "timeout" });
  expectTypeOf(error.code).toEqualTypeOf<ErrorCode>();
  expectTypeOf(error.reason).toEqualTypeOf<Exclude<FlowStatus, "ok"> | undefined>();
  // @ts-expect-error a code that does not exist
  new StreamError("ERR_NOPE", "x");
});
