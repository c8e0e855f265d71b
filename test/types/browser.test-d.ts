/** The public types of edgestream/browser, as a page's compiler sees them. */
import { assertType, expectTypeOf, test } from "vitest";
import {
  type BrowserConsumer,
  type BrowserConsumerStats,
  type BrowserFrame,
  type ConnectOptions,
  connectConsumer,
  createFrameView,
  type FormatChangeEvent,
  type FormatName,
  type Result,
  type StateChange,
  type StreamState,
  viewableFormats,
} from "../../sdk/browser/index.ts";

declare const consumer: BrowserConsumer;
declare const frame: BrowserFrame;
declare const canvas: HTMLCanvasElement;

test("a consumer", () => {
  expectTypeOf(connectConsumer("ws://host:8890/cam1")).resolves.toEqualTypeOf<BrowserConsumer>();
  assertType<ConnectOptions>({ mode: "fifo", fifoLength: 4, token: "secret", reconnect: { firstMs: 10 } });
  // @ts-expect-error: modes have names
  assertType<ConnectOptions>({ mode: "newest" });
  expectTypeOf(consumer.state).toEqualTypeOf<StreamState>();
  expectTypeOf(consumer.acquire({ timeoutMs: 50 })).resolves.toEqualTypeOf<BrowserFrame>();
  expectTypeOf(consumer.next()).resolves.toEqualTypeOf<Result<BrowserFrame>>();
  expectTypeOf(consumer.tryAcquire()).toEqualTypeOf<Result<BrowserFrame>>();
  expectTypeOf(consumer.stats()).toEqualTypeOf<BrowserConsumerStats>();
  expectTypeOf(consumer.stats().waiting).toEqualTypeOf<bigint>();
  expectTypeOf(consumer[Symbol.asyncIterator]().next).returns.resolves.toHaveProperty("done");
});

test("its events", () => {
  consumer.on("statechange", (change) => expectTypeOf(change).toEqualTypeOf<StateChange>());
  consumer.once("formatchange", (change) => expectTypeOf(change).toEqualTypeOf<FormatChangeEvent>());
  consumer.on("reconnected", (life) => expectTypeOf(life).toEqualTypeOf<{ connection: bigint; epoch: bigint }>());
  // @ts-expect-error: there is no such event
  consumer.on("stalled", () => {});
});

test("a frame, and the view that draws it", () => {
  expectTypeOf(frame.number).toEqualTypeOf<bigint>();
  expectTypeOf(frame).not.toHaveProperty("writeTo");
  expectTypeOf(createFrameView(canvas).draw(frame)).toEqualTypeOf<boolean>();
  expectTypeOf(viewableFormats).toEqualTypeOf<readonly FormatName[]>();
});
