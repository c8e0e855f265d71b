/** The page's consumer and its canvas in a real Chromium: pixels, states, modes, back-pressure, endings. */
import type { Server } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { FormatDescription } from "../../sdk/base/format.ts";
import type { FormatName } from "../../sdk/base/types.ts";
import { WireProducer } from "../programs/wire-producer.ts";
import { type Answer, call, launch, serve } from "./browser/chromium.ts";
import { describeFormat, noise, shown } from "./browser/pictures.ts";

let browser: Browser;
let page: Page;
let web: { server: Server; url: string };
const producers: WireProducer[] = [];
const complaints: string[] = [];

beforeAll(async () => {
  web = await serve();
  browser = await launch();
  page = await browser.newPage();
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.goto(web.url);
  await page.waitForFunction("window.edge !== undefined");
});

afterEach(async () => {
  for (const producer of producers.splice(0)) await producer.kill();
  expect(complaints).toEqual([]);
});

afterAll(async () => {
  await browser?.close();
  web?.server.close();
});

async function producing(format: FormatDescription, port?: number): Promise<WireProducer> {
  const producer = await WireProducer.listen({ format, ...(port === undefined ? {} : { port }) });
  producers.push(producer);
  return producer;
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await delay(10);
}

let names = 0;

/** A consumer of the page, by its name there. */
async function opened(producer: WireProducer, options: object = {}): Promise<string> {
  const name = `consumer ${++names}`;
  expect(await call(page, "open", name, producer.address, options)).toMatchObject({ state: "empty" });
  return name;
}

/** The largest difference of a sample from what it should be. */
function worst(answer: Answer, expected: Float64Array): number {
  expect(answer.error).toBeUndefined();
  const pixels = Buffer.from(answer.pixels, "base64");
  expect(pixels.length).toBe(expected.length);
  return pixels.reduce((most, value, at) => Math.max(most, Math.abs(value - (expected[at] as number))), 0);
}

const grey = describeFormat("GRAY8", 16, 8);
const flat = (value: number) => new Uint8Array(grey.size).fill(value);

describe("the canvas shows the frame that was sent", () => {
  const exact = 0;
  const rounding = 2; // of the graphics card: its filter counts in steps of 1/256

  test.each([
    ["NV12", 67, 35, 0, rounding],
    ["NV12", 64, 36, 13, rounding],
    ["NV12", 34, 720, 0, rounding],
    ["I420", 67, 35, 0, rounding],
    ["I420", 33, 721, 5, rounding],
    ["RGBA", 67, 35, 0, exact],
    ["RGBA", 33, 17, 7, exact],
    ["BGRA", 67, 35, 4, exact],
    ["RGB", 67, 35, 0, exact],
    ["RGB", 33, 17, 5, exact],
    ["BGR", 67, 35, 3, exact],
    ["GRAY8", 67, 35, 9, exact],
    ["GRAY8", 1, 1, 0, exact],
  ] as [FormatName, number, number, number, number][])("%s %ix%i, %i bytes behind each row", async (...given) => {
    const [name, width, height, padding, tolerance] = given;
    const format = describeFormat(name, width, height, padding);
    const producer = await producing(format);
    const consumer = await opened(producer);
    const pixels = noise(format.size, width * height);
    producer.post(pixels);
    const answer = await call(page, "draw", consumer);
    expect(answer).toMatchObject({ drawn: true, width, height, glError: 0 });
    expect(worst(answer, shown(pixels, format))).toBeLessThanOrEqual(tolerance);
  });

  test("from frame to frame, and through a change of size and format", async () => {
    const formats = [describeFormat("NV12", 32, 18), describeFormat("NV12", 47, 31), describeFormat("BGRA", 20, 10)];
    const producer = await producing(formats[0] as FormatDescription);
    const consumer = await opened(producer, { mode: "fifo" });
    const seat = await producer.seat(0);
    for (const [index, format] of formats.entries()) {
      if (index > 0) seat.reformat(format);
      for (const seed of [1, 2]) {
        const pixels = noise(format.size, 100 * index + seed);
        producer.post(pixels);
        const answer = await call(page, "draw", consumer);
        expect(answer).toMatchObject({ width: format.width, height: format.height, glError: 0 });
        expect(worst(answer, shown(pixels, format))).toBeLessThanOrEqual(rounding);
      }
    }
    const { told } = await call(page, "look", consumer);
    expect(told.filter((what) => what.startsWith("format"))).toEqual(["format 47x31", "format 20x10"]);
  });

  test("again after the browser took the context away", async () => {
    const format = describeFormat("I420", 30, 20);
    const producer = await producing(format);
    const consumer = await opened(producer, { mode: "fifo" });
    producer.post(noise(format.size, 1));
    expect((await call(page, "draw", consumer)).drawn).toBe(true);
    expect(await call(page, "loseContext", consumer)).toBe(true);
    producer.post(noise(format.size, 2));
    expect((await call(page, "draw", consumer)).drawn).toBe(false);
    expect(await call(page, "restoreContext", consumer)).toBe(false);
    const pixels = noise(format.size, 3);
    producer.post(pixels);
    const answer = await call(page, "draw", consumer);
    expect(worst(answer, shown(pixels, format))).toBeLessThanOrEqual(rounding);
  });

  test("a format that is not shown is an error with a code and the formats that are", async () => {
    const format = describeFormat("P010", 16, 8);
    const producer = await producing(format);
    const consumer = await opened(producer);
    producer.post(noise(format.size, 1));
    const { error } = await call(page, "draw", consumer);
    expect(error).toMatchObject({ code: "ERR_BAD_MATCH", message: expect.stringContaining("NV12, I420, RGBA") });
  });
});

describe("modes", () => {
  test("fifo: a slow page loses nothing, and the producer is held up", async () => {
    const producer = await producing(grey);
    const consumer = await opened(producer, { mode: "fifo", fifoLength: 3 });
    const seat = await producer.seat(0);
    for (let value = 1; value <= 60; value++) producer.post(flat(value));
    await until(async () => (await call(page, "look", consumer)).stats["waiting"] === "3");
    expect(seat.sent).toBe(3n);
    const { frames } = await call(page, "read", consumer, 60, 5);
    expect(frames).toEqual(Array.from({ length: 60 }, (_, at) => ({ number: at + 1, skipped: 0, first: at + 1 })));
    expect(seat.outstandingMax).toBe(3n);
    expect((await call(page, "look", consumer)).stats).toMatchObject({ posted: "60", delivered: "60", skipped: "0" });
  });

  test("mailbox: a slow page gets the newest, never an old one, and is told what it missed", async () => {
    const producer = await producing(grey);
    const consumer = await opened(producer, { mode: "mailbox" });
    const reading = call(page, "read", consumer, 8, 60);
    let posted = 0;
    let over = false;
    void reading.then(() => {
      over = true;
    });
    while (!over) {
      posted++;
      producer.post(flat(posted % 256));
      await delay(5);
    }
    const { frames } = await reading;
    for (const { number, first } of frames) expect(first).toBe(number % 256);
    for (const [index, { number, skipped }] of frames.entries()) {
      expect(number - skipped - 1).toBe(index === 0 ? 0 : frames[index - 1]?.number);
    }
    expect(frames.at(-1)?.number).toBeGreaterThan(2 * frames.length);
    const { stats } = await call(page, "look", consumer);
    const sum = ["delivered", "skipped", "discarded", "waiting"].reduce((all, name) => all + Number(stats[name]), 0);
    expect(sum).toBe(Number(stats["posted"]));
  });

  test("broadcast with room for four: in order, the oldest lost", async () => {
    const producer = await producing(grey);
    const consumer = await opened(producer, { mode: "broadcast", capacity: 4 });
    for (let value = 1; value <= 20; value++) producer.post(flat(value));
    await until(async () => (await call(page, "look", consumer)).stats["posted"] === "20");
    const { frames } = await call(page, "read", consumer, 4);
    expect(frames.map(({ number }) => number)).toEqual([17, 18, 19, 20]);
    expect(frames[0]?.skipped).toBe(16);
  });
});

describe("states and endings", () => {
  test("each step is told; a closed consumer says goodbye", async () => {
    const producer = await producing(grey);
    const consumer = await opened(producer);
    producer.post(flat(1));
    await call(page, "read", consumer, 1);
    await call(page, "close", consumer);
    const { told, state, cause } = await call(page, "look", consumer);
    expect(told).toEqual(["new-frame-available none", "old-frame-available none", "disconnected consumer-closed"]);
    expect([state, cause]).toEqual(["disconnected", "consumer-closed"]);
    const seat = await producer.seat(0);
    await until(() => seat.closed);
    expect(seat.heard.at(-1)).toMatchObject({ type: "bye", cause: "consumer-closed" });
  });

  test("a page that goes away ends its connection", async () => {
    const producer = await producing(grey);
    const other = await browser.newPage();
    await other.goto(web.url);
    await other.waitForFunction("window.edge !== undefined");
    await call(other, "open", "short", producer.address);
    const seat = await producer.seat(0);
    await other.close();
    await until(() => seat.closed);
  });

  test("the producer's words arrive: refused, ended, lost", async () => {
    const producer = await WireProducer.listen({ format: grey, token: "secret" });
    producers.push(producer);
    const refused = await call(page, "open", "stranger", producer.address, { token: "guess" });
    expect(refused.error).toMatchObject({ code: "ERR_BAD_ACCESS" });
    const consumer = await opened(producer, { token: "secret", mode: "fifo" });
    producer.post(flat(1));
    (await producer.seat(0)).send({ type: "bye", cause: "ended", reason: "" });
    expect((await call(page, "read", consumer, 5)).frames).toHaveLength(1);
    const orphan = await opened(producer, { token: "secret" });
    (await producer.seat(1)).socket.terminate();
    expect((await call(page, "read", orphan, 1)).error).toMatchObject({ code: "ERR_PRODUCER_LOST", reason: "closed" });
    const nobody = await call(page, "open", "nobody", "ws://127.0.0.1:9/cam1");
    expect(nobody.error).toMatchObject({ code: "ERR_NOT_FOUND" });
  });

  test("with reconnect a page reads on in the producer's next life", async () => {
    const first = await producing(grey);
    const consumer = await opened(first, { mode: "fifo", reconnect: { firstMs: 5, maxMs: 50 } });
    first.post(flat(1));
    await call(page, "read", consumer, 1);
    const reading = call(page, "read", consumer, 2);
    await first.kill();
    producers.splice(0);
    const second = await producing(grey, first.port);
    const seat = await second.seat(0);
    expect(seat.hello).toMatchObject({ previousEpoch: first.epoch, previous: 1n });
    for (const value of [7, 8]) second.post(flat(value));
    expect((await reading).frames.map(({ first: value }) => value)).toEqual([7, 8]);
    const { told, stats } = await call(page, "look", consumer);
    expect(told).toContain("reconnected 1");
    expect(stats).toMatchObject({ reconnects: 1, posted: "2", delivered: "2" });
  });
});
