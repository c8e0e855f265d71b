/** A page in a real Chromium reads streams of `createStream`: the two ends that are in use, and sample 07. */
import { mkdtempSync, rmSync } from "node:fs";
import type { Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createStream, type FrameSpec, type Producer, type Stream } from "edgestream";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { Child, endChildren, until } from "../programs/child.ts";
import { call, launch, serve } from "./browser/chromium.ts";
import { describeFormat, noise, shown } from "./browser/pictures.ts";

let browser: Browser;
let page: Page;
let web: { server: Server; url: string };
const streams: Stream[] = [];
const runtimeDir = mkdtempSync(join(tmpdir(), "es-"));

beforeAll(async () => {
  web = await serve();
  browser = await launch();
  page = await browser.newPage();
  await page.goto(web.url);
  await page.waitForFunction("window.edge !== undefined");
});

afterEach(async () => {
  for (const stream of streams.splice(0)) await stream.close();
  await endChildren();
});

afterAll(async () => {
  await browser?.close();
  web?.server.close();
  rmSync(runtimeDir, { recursive: true, force: true });
});

interface Offered {
  producer: Producer;
  stream: Stream;
  address: string;
}

async function offering(frame: FrameSpec, options: Partial<Parameters<typeof createStream>[0]> = {}): Promise<Offered> {
  const origins = [web.url.replace(/\/$/, "")];
  const stream = await createStream({ name: "cam1", frame, listen: ["ws://127.0.0.1:0"], origins, ...options });
  streams.push(stream);
  return { stream, producer: await stream.connectProducer(), address: stream.addresses[0] as string };
}

const grey = { format: "GRAY8", width: 16, height: 8 } as const;
const flat = (value: number) => new Uint8Array(128).fill(value);
let names = 0;

async function opened(address: string, options: object = {}): Promise<string> {
  const name = `consumer ${++names}`;
  const { error, state } = await call(page, "open", name, address, options);
  expect(error).toBeUndefined();
  expect(["connecting", "empty"]).toContain(state);
  await until("the page is counted in", async () => (await call(page, "look", name)).state === "empty");
  return name;
}

describe("a page and a stream", () => {
  test("what is pushed is what the canvas shows, and a reconfigured stream goes on in its new size", async () => {
    const { producer, address } = await offering({ format: "NV12", width: 67, height: 35 });
    const consumer = await opened(address, { mode: "fifo" });
    for (const { width, height } of [
      { width: 67, height: 35 },
      { width: 40, height: 51 },
    ]) {
      if (width !== 67) await producer.reconfigure({ format: "NV12", width, height });
      const format = describeFormat("NV12", width, height);
      const pixels = noise(format.size, width);
      await producer.push(pixels, { pts: 5n });
      const answer = await call(page, "draw", consumer);
      expect(answer).toMatchObject({ width, height, drawn: true });
      const expected = shown(pixels, format);
      const drawn = Buffer.from(answer.pixels, "base64");
      const worst = drawn.reduce((most, value, at) => Math.max(most, Math.abs(value - (expected[at] as number))), 0);
      expect(worst).toBeLessThanOrEqual(2);
    }
  });

  test("fifo: a slow page loses nothing, and a post waits for it", async () => {
    const { producer, address } = await offering(grey);
    const consumer = await opened(address, { mode: "fifo", fifoLength: 3 });
    let posted = 0;
    const posting = (async () => {
      for (let value = 1; value <= 40; value++) {
        await producer.push(flat(value));
        posted = value;
      }
      await producer.closeInput();
    })();
    await until("three frames wait at the page", async () => {
      return (await call(page, "look", consumer)).stats["waiting"] === "3";
    });
    expect(producer.tryPush(flat(99)).status).not.toBe("ok");
    expect(posted).toBe(3);
    const { frames } = await call(page, "read", consumer, 50, 5);
    expect(frames.map(({ first }) => first)).toEqual(Array.from({ length: 40 }, (_, at) => at + 1));
    await posting;
    expect(await call(page, "look", consumer)).toMatchObject({ state: "disconnected", cause: "ended" });
  });

  test("mailbox: the newest, with the same sums at both ends", async () => {
    const { producer, address } = await offering(grey);
    const consumer = await opened(address, { mode: "mailbox", client: "page" });
    for (let value = 1; value <= 200; value++) await producer.push(flat(value));
    await until("the newest is there", async () => {
      const answer = await call(page, "look", consumer);
      return answer.stats["posted"] === "200";
    });
    const { frames } = await call(page, "read", consumer, 1);
    expect(frames).toEqual([{ number: 200, skipped: 199, first: 200 }]);
    const { stats } = await call(page, "look", consumer);
    expect(stats).toMatchObject({ posted: "200", delivered: "1", skipped: "199", waiting: "0" });
    const [connection] = producer.stats().connections;
    expect(connection).toMatchObject({ client: "page", mode: "mailbox", posted: 200n });
  });

  test("a token lets in who has it, and a page of another origin stays out", async () => {
    const { address } = await offering(grey, { tokens: { read: "secret" } });
    expect((await call(page, "open", "stranger", address)).error).toMatchObject({ code: "ERR_BAD_ACCESS" });
    await opened(address, { token: "secret" });
    const other = await offering(grey, { name: "cam2", origins: ["http://elsewhere.example"] });
    expect((await call(page, "open", "outsider", other.address)).error).toMatchObject({ code: "ERR_NOT_FOUND" });
  });

  test("the page lives through a producer that goes and comes back", async () => {
    const { stream, producer, address } = await offering(grey);
    const consumer = await opened(address, { mode: "fifo", reconnect: { firstMs: 5, maxMs: 50 } });
    await producer.push(flat(1));
    expect((await call(page, "read", consumer, 1)).frames[0]?.first).toBe(1);
    await producer.close();
    const next = await stream.connectProducer();
    await until("the page is back", async () => (await call(page, "look", consumer)).stats["reconnects"] === 1);
    await until("it is counted in", async () => (await call(page, "look", consumer)).state === "empty");
    await next.push(flat(2));
    expect((await call(page, "read", consumer, 1)).frames[0]?.first).toBe(2);
  });
});

describe("sample 07", () => {
  const server = fileURLToPath(new URL("../../samples/07-browser-viewer/server.mjs", import.meta.url));
  const background = { light: "rgb(246, 247, 248)", dark: "rgb(20, 23, 26)" } as const;

  test.each(["light", "dark"] as const)(
    "shows the stream in a %s page, and the modes do what they say",
    async (scheme) => {
      const sample = new Child(process.execPath, [server], { env: { EDGESTREAM_RUNTIME_DIR: runtimeDir } });
      await sample.line("text"); // where the stream is
      const { text } = await sample.line("text");
      const viewer = await browser.newPage({ colorScheme: scheme });
      const complaints: string[] = [];
      viewer.on("pageerror", (error) => complaints.push(String(error)));
      const shownAt = (id: string) => viewer.locator(`#${id}`).textContent();
      const number = async (id: string) => Number(await shownAt(id));

      await viewer.goto(String(text).replace("open ", ""));
      await until("frames are drawn", async () => (await number("delivered")) >= 20);
      expect(await shownAt("state")).toMatch(/-frame-available$/);
      expect(await number("fps")).toBeGreaterThan(0);
      expect(await shownAt("format")).toBe("NV12 1280×720");
      expect(await shownAt("latency")).toMatch(/^\d+\.\d ms$/);
      const body = await viewer.evaluate("getComputedStyle(document.body).backgroundColor");
      expect(body).toBe(background[scheme]);

      await viewer.getByText("slowly").click();
      const before = await number("skipped");
      await until("a mailbox skips", async () => (await number("skipped")) > before + 5);
      await viewer.getByText("fifo").click();
      await until("a fifo does not", async () => (await number("skipped")) === 0 && (await number("delivered")) >= 3);
      expect(await viewer.locator("#problem").isHidden()).toBe(true);
      expect(complaints).toEqual([]);
      await viewer.close();
      sample.kill("SIGTERM");
      await sample.ended();
    },
  );
});
