/** A page's consumer over a real WebSocket: hand-shake, states, frames, modes. */
import { describe, expect, test, vi } from "vitest";
import { type ConnectOptions, connectConsumer } from "../../../sdk/browser/index.ts";
import {
  addsUp,
  closedAfterwards,
  consuming,
  failsWith,
  frameOf,
  grey,
  pixels,
  producing,
  small,
  until,
  useWebSockets,
} from "./consuming.ts";

useWebSockets();

describe("connecting", () => {
  test("the hello says what was asked for, and the address has no token in it", async () => {
    const producer = await producing({ token: "secret" });
    await consuming(producer, { mode: "fifo", fifoLength: 7, token: "secret", client: "page", formats: ["GRAY8"] });
    const { hello, url } = await producer.seat(0);
    expect(hello).toMatchObject({
      role: "consume",
      stream: "cam1",
      token: "secret",
      client: "page",
      formatMask: 1 << 8,
    });
    expect(hello.policy).toMatchObject({ capacity: 7, whenFull: 0, onDisconnect: 1, maxHeld: 1, label: "fifo" });
    expect(hello).toMatchObject({ idleMs: 10_000, previousEpoch: 0n, previous: 0n });
    expect(url).toBe("/cam1");
  });

  test("a wrong token is the producer's refusal, and the sentence does not have it", async () => {
    const producer = await producing({ token: "secret" });
    const failure = await connectConsumer(producer.address, { token: "guess" }).catch((error: unknown) => error);
    expect(failure).toEqual(failsWith("ERR_BAD_ACCESS"));
    expect(String(failure)).not.toMatch(/secret|guess/);
  });

  test("nobody there, no answer, and an abort have their codes", async () => {
    const gone = await producing();
    await gone.kill();
    await expect(connectConsumer(gone.address)).rejects.toEqual(failsWith("ERR_NOT_FOUND"));
    const mute = await producing({ welcomes: false });
    await expect(connectConsumer(mute.address, { connectTimeoutMs: 50 })).rejects.toEqual(
      failsWith("ERR_TIMEOUT", "timeout"),
    );
    const abort = new AbortController();
    const aborted = connectConsumer(mute.address, { signal: abort.signal });
    abort.abort();
    await expect(aborted).rejects.toEqual(failsWith("ERR_ABORTED", "aborted"));
  });

  test.each([
    ["http://host/cam1", {}],
    ["ws://host:1/cam1?token=x", {}],
    ["ws://user:secret@host:1/cam1", {}],
    ["ws://host:1/", {}],
    ["ws://host:1/cam1", { capacity: 3 }],
    ["ws://host:1/cam1", { mode: "fifo", demand: true }],
    ["ws://host:1/cam1", { fifoLength: 0, mode: "fifo" }],
    ["ws://host:1/cam1", { mode: "newest" }],
    ["ws://host:1/cam1", { token: "x".repeat(513) }],
    ["ws://host:1/cam1", { fifolength: 4 }],
    ["ws://host:1/cam1", { formats: "NV12" }],
    ["ws://host:1/cam1", { reconnect: { jitter: 2 } }],
  ] as unknown as [string, ConnectOptions][])("%s with %o is ERR_BAD_PARAMETER", async (address, options) => {
    const failure = await connectConsumer(address, options).catch((error: unknown) => error);
    expect(failure).toEqual(failsWith("ERR_BAD_PARAMETER"));
    expect(String(failure)).not.toMatch(/secret|xxx/);
  });
});

describe("states", () => {
  test("go EGL's way, each step told with its cause", async () => {
    const producer = await producing({ welcomes: false });
    const pending = connectConsumer(producer.address);
    const seat = await producer.seat(0);
    seat.welcome(0n, 3n);
    const consumer = closedAfterwards(await pending);
    expect(consumer).toMatchObject({ state: "connecting", connection: 3n });
    const steps: string[] = [];
    consumer.on("statechange", ({ newState, cause }) => steps.push(`${newState} ${cause}`));
    seat.welcome(9n, 3n);
    producer.post(pixels(1));
    await frameOf(consumer);
    producer.post(pixels(2));
    await frameOf(consumer);
    expect(consumer.state).toBe("old-frame-available");
    seat.send({ type: "reset", frame: 2n });
    await until(() => consumer.state === "empty");
    seat.send({ type: "bye", cause: "ended", reason: "no more" });
    await until(() => consumer.state === "disconnected");
    expect(consumer).toMatchObject({ cause: "ended", reason: "no more" });
    const [fresh, old] = ["new-frame-available none", "old-frame-available none"];
    expect(steps).toEqual(["empty none", fresh, old, fresh, old, "empty none", "disconnected ended"]);
  });

  test("an acquire in old-frame-available waits, then gives the old frame again", async () => {
    const producer = await producing();
    const consumer = await consuming(producer);
    await expect(consumer.acquire({ timeoutMs: 20 })).rejects.toEqual(failsWith("ERR_BAD_STATE", "timeout"));
    producer.post(pixels(7));
    const first = await consumer.acquire();
    expect(first).toMatchObject({ number: 1n, isNew: true });
    first.release();
    const again = await consumer.acquire({ timeoutMs: 20 });
    expect(again).toMatchObject({ number: 1n, isNew: false });
    expect([...again.data]).toEqual([...pixels(7)]);
    expect(consumer.tryAcquire({ newOnly: true })).toEqual({ status: "would-block" });
    expect(consumer.tryAcquire().frame).toMatchObject({ number: 1n, isNew: false });
  });

  test("one acquire at a time; a signal ends it; close wakes it", async () => {
    const producer = await producing();
    const consumer = await consuming(producer);
    const abort = new AbortController();
    const waiting = consumer.next({ signal: abort.signal });
    await expect(consumer.acquire()).rejects.toEqual(failsWith("ERR_RESOURCE_BUSY"));
    abort.abort();
    expect(await waiting).toEqual({ status: "aborted" });
    const acquire = consumer.acquire();
    await consumer.close();
    await expect(acquire).rejects.toEqual(failsWith("ERR_BAD_STREAM", "closed"));
    expect(consumer).toMatchObject({ state: "disconnected", cause: "consumer-closed", closed: true });
    const seat = await producer.seat(0);
    await until(() => seat.closed);
    expect(seat.heard.at(-1)).toMatchObject({ type: "bye", cause: "consumer-closed" });
  });
});

describe("frames", () => {
  test("have everything that the producer said, and the times on the page's clock", async () => {
    const producer = await producing();
    const consumer = await consuming(producer);
    await until(() => consumer.stats().remote.clockError !== undefined);
    const text = (value: string) => new TextEncoder().encode(value);
    producer.post(pixels(3), { pts: 5n, duration: 6n, epoch: 8n, metadata: text("own"), block2: text("sticky") });
    const frame = await frameOf(consumer);
    expect(frame).toMatchObject({
      number: 1n,
      skipped: 0n,
      pts: 5n,
      duration: 6n,
      epoch: 8n,
      format: "GRAY8",
      size: 8,
    });
    expect(frame.planes).toMatchObject([{ stride: 4, width: 4, height: 2 }]);
    expect(frame.metadata).toEqual(text("own"));
    expect(frame.metadataBlock(2)).toEqual(text("sticky"));
    const { captured, posted, acquired } = frame.timestamps;
    const error = consumer.stats().remote.clockError ?? 0n;
    expect(captured).toBeLessThanOrEqual(posted);
    expect(posted).toBeLessThanOrEqual(acquired + error);
    expect(consumer.stats().remote).toMatchObject({
      peer: `127.0.0.1:${producer.port}`,
      arrived: 1n,
      arrivedBytes: 8n,
    });
    expect(acquired).toBeLessThanOrEqual(BigInt(Math.ceil(performance.now() * 1e6)));
  });

  test("show no other frame after their release: views have length 0, a copy stays", async () => {
    const producer = await producing();
    const consumer = await consuming(producer);
    producer.post(pixels(1));
    const frame = await frameOf(consumer);
    const { data, planes } = frame;
    const copy = frame.copy();
    producer.post(pixels(2));
    await frameOf(consumer);
    expect([frame.released, data.length, planes[0]?.data.length, frame.data.length]).toEqual([true, 0, 0, 0]);
    expect([...copy]).toEqual([...pixels(1)]);
    expect(() => frame.copy()).toThrow(failsWith("ERR_BAD_STATE"));
  });

  test("a new layout is told before its first frame, also to a frame that waits", async () => {
    const producer = await producing();
    const consumer = await consuming(producer, { mode: "fifo" });
    const seat = await producer.seat(0);
    const told: unknown[] = [];
    consumer.on("formatchange", ({ layout, previous }) => told.push([previous.width, layout.width]));
    producer.post(pixels(1));
    seat.reformat(grey(3, 5));
    producer.post(pixels(2, 15));
    producer.post(pixels(3, 15));
    await until(() => consumer.stats().waiting === 3n);
    expect([...(await frameOf(consumer)).data]).toEqual([...pixels(1)]);
    expect(told).toEqual([]);
    const second = await frameOf(consumer);
    expect(told).toEqual([[4, 3]]);
    expect([second.width, second.height, second.data.length]).toEqual([3, 5, 15]);
    expect((await frameOf(consumer)).data[14]).toBe(3);
  });

  test("come whole, however their chunks are cut, with other messages in between", async () => {
    const producer = await producing({ format: grey(100, 10) });
    const consumer = await consuming(producer, { mode: "fifo" });
    const seat = await producer.seat(0);
    const picture = Uint8Array.from({ length: 1000 }, (_, at) => at % 251);
    seat.sendFrame({ pixels: picture, number: 1n, head: {} }, {}, 7);
    expect((await frameOf(consumer)).copy()).toEqual(picture);
  });

  test("a consumer that goes on uses the same few buffers", async () => {
    const producer = await producing();
    const consumer = await consuming(producer, { mode: "fifo", fifoLength: 2 });
    let frames = 0;
    const Native = ArrayBuffer;
    class Counted extends Native {
      constructor(size: number) {
        super(size);
        if (size === small.size) frames++;
      }
    }
    vi.stubGlobal("ArrayBuffer", Counted);
    for (let count = 1; count <= 50; count++) producer.post(pixels(count));
    for (let count = 1; count <= 50; count++) expect((await frameOf(consumer)).data[0]).toBe(count);
    expect(frames).toBeGreaterThan(0);
    expect(frames).toBeLessThanOrEqual(3);
  });
});

describe("modes", () => {
  test("fifo: every frame in order, never more ahead than fifoLength", async () => {
    const producer = await producing();
    const consumer = await consuming(producer, { mode: "fifo", fifoLength: 3 });
    const seat = await producer.seat(0);
    for (let count = 1; count <= 40; count++) producer.post(pixels(count));
    await until(() => consumer.stats().waiting === 3n);
    expect(seat.waiting).toBe(37);
    const seen: number[] = [];
    for await (const frame of consumer) {
      seen.push(frame.data[0] as number);
      expect(frame.skipped).toBe(0n);
      addsUp(consumer);
      if (frame.number === 40n) break;
    }
    expect(seen).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
    expect(seat.outstandingMax).toBe(3n);
    await until(() => seat.credit.acquired === 40n);
    expect(seat.credit).toMatchObject({ skipped: 0n, frame: 40n });
  });

  test("mailbox: the newest, and what was missed is counted, here and at the producer", async () => {
    const producer = await producing();
    const consumer = await consuming(producer, { mode: "mailbox" });
    let frameEvents = 0;
    consumer.on("frame", () => frameEvents++);
    const seat = await producer.seat(0);
    for (let count = 1; count <= 30; count++) producer.post(pixels(count));
    await until(() => consumer.stats().posted === 30n);
    const frame = await frameOf(consumer);
    expect(frame).toMatchObject({ number: 30n, skipped: 29n });
    expect(frame.data[0]).toBe(30);
    expect(consumer.stats()).toMatchObject({ posted: 30n, delivered: 1n, skipped: 29n, discarded: 0n, waiting: 0n });
    expect(frameEvents).toBe(1);
    await until(() => seat.credit.frame === 30n);
    expect(seat.credit.granted).toBe(2n + seat.sent);
  });

  test("mailbox with demand: nothing is sent before somebody asks", async () => {
    const producer = await producing();
    const consumer = await consuming(producer, { demand: true });
    const seat = await producer.seat(0);
    for (let count = 1; count <= 3; count++) producer.post(pixels(count));
    await until(() => seat.heard.some(({ type }) => type === "credit"));
    expect(seat.sent).toBe(0n);
    expect(await frameOf(consumer)).toMatchObject({ number: 3n, skipped: 2n });
    expect(seat.sent).toBe(1n);
    addsUp(consumer);
  });

  test("broadcast: in order, and a laggard is told how far it skipped", async () => {
    const producer = await producing();
    const consumer = await consuming(producer, { mode: "broadcast", capacity: 4 });
    for (let count = 1; count <= 20; count++) producer.post(pixels(count));
    await until(() => consumer.stats().posted === 20n);
    const seen: bigint[] = [];
    for (let count = 0; count < 4; count++) seen.push((await frameOf(consumer)).number);
    expect(seen).toEqual([17n, 18n, 19n, 20n]);
    expect(consumer.stats()).toMatchObject({ delivered: 4n, skipped: 16n });
  });
});
