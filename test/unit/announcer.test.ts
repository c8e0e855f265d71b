/** One event, one object, three ways out; and nobody who looks on can do harm. */
import diagnosticsChannel, { type ChannelListener } from "node:diagnostics_channel";
import { EventEmitter, once } from "node:events";
import { afterEach, expect, test, vi } from "vitest";
import { Announcer } from "../../sdk/announcer.ts";
import { streamEventNames } from "../../sdk/base/event-names.ts";

const connected = { connection: 7n, previous: undefined };
const subscribed: [string, ChannelListener][] = [];

function subscribe(name: string, listener: ChannelListener): void {
  diagnosticsChannel.subscribe(name, listener);
  subscribed.push([name, listener]);
}

afterEach(() => {
  for (const each of subscribed.splice(0)) diagnosticsChannel.unsubscribe(...each);
  vi.restoreAllMocks();
});

test("observer and listeners get the same object, the observer first and as itself", () => {
  const order: unknown[] = [];
  class Watcher {
    readonly seen: unknown[] = [];
    connected(event: object) {
      this.seen.push(event);
      order.push("observer");
    }
  }
  const watcher = new Watcher();
  const emitter = new EventEmitter().on("connected", (event) => order.push("listener", event));
  new Announcer(emitter, "cam1", watcher).tell("connected", connected);
  expect(watcher.seen[0]).toBe(connected);
  expect(order).toEqual(["observer", "listener", connected]);
  expect(order[2]).toBe(connected);
});

test("each event has a channel that carries it with the stream's name", () => {
  const told: unknown[] = [];
  const announcer = new Announcer(new EventEmitter(), "cam1", undefined);
  for (const name of streamEventNames) {
    subscribe(`edgestream.stream.${name}`, (message, channel) => told.push([channel, message]));
    announcer.tell(name, connected as never);
  }
  expect(told).toEqual(
    streamEventNames.map((name) => [`edgestream.stream.${name}`, { stream: "cam1", connection: 7n }]),
  );
});

test("without subscribers nothing is made for a channel", () => {
  const publish = vi.spyOn(diagnosticsChannel.Channel.prototype, "publish");
  const spread = vi.fn(() => ["connection"]);
  const event = new Proxy(connected, { ownKeys: spread });
  const announcer = new Announcer(new EventEmitter(), "cam1", {});
  announcer.tell("connected", event);
  expect(spread).not.toHaveBeenCalled();
  expect(publish).not.toHaveBeenCalled();
  expect(announcer.wants("connected")).toBe(false);
  subscribe("edgestream.stream.connected", () => {});
  expect(announcer.wants("connected")).toBe(true);
  announcer.tell("connected", event);
  expect(spread).toHaveBeenCalledOnce();
});

test("an observer that throws or rejects harms nothing, and is reported once", async () => {
  const heard = vi.fn();
  const emitter = new EventEmitter().on("connected", heard).on("stalled", heard);
  const observer = {
    connected() {
      throw new Error("broken");
    },
    async stalled() {
      throw new Error("broken later");
    },
  };
  const announcer = new Announcer(emitter, "cam1", observer);
  const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  for (let time = 0; time < 3; time++) {
    announcer.tell("connected", connected);
    announcer.tell("stalled", { connection: 7n, waitedMs: 5 });
  }
  await new Promise((resolve) => setImmediate(resolve)); // an unhandled rejection would fail this file
  expect(heard).toHaveBeenCalledTimes(6);
  expect(warned).toHaveBeenCalledOnce();
  expect(warned.mock.calls[0]?.[0]).toContain('stream "cam1"');
  expect(warned.mock.calls[0]?.[1]).toMatchObject({ code: "EDGESTREAM_OBSERVER" });
});

test("a rejection alone is reported too", async () => {
  const warning = once(process, "warning");
  const observer = { connected: () => Promise.reject(new Error("broken later")) };
  new Announcer(new EventEmitter(), undefined, observer as never).tell("connected", connected);
  expect((await warning)[0]).toMatchObject({
    code: "EDGESTREAM_OBSERVER",
    message: expect.stringContaining("a stream"),
    detail: expect.stringContaining("broken later"),
  });
});
