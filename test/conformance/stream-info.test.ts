/** What a producer tells about its stream while it runs, and what is measured of it. */
import { createStream, openStream, type StreamMetadata } from "edgestream";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { endChildren, makeRuntimeDir, removeRuntimeDirs, until } from "../programs/child.ts";
import { closeBenches, frame, modes, openBench, places } from "./places.ts";

const door = { title: "Door", model: "IMX 477", codec: "h264", nominalFps: 25, labels: { où: "toit ☀" } };
const badParameter = { code: "ERR_BAD_PARAMETER" };

afterEach(async () => {
  await closeBenches();
  await endChildren();
});
afterAll(removeRuntimeDirs);

describe.each(places)("$name", (place) => {
  test.skipIf(!place.sharesMemory)(
    "what the producer tells and what is measured are one answer, at every end",
    async () => {
      const bench = await openBench(place);
      await bench.source.updateInfo(door);
      const recorder = await bench.consume({ mode: "fifo", fifoLength: 16 });
      await bench.consume({ mode: "mailbox" });
      await bench.source.run(12, 60);
      const { epoch } = await bench.source.stats();
      const known = { ...door, format: "GRAY8", width: 64, height: 16, epoch, frames: 12n, consumers: 2 };
      for (const info of [await bench.stream.info(), await recorder.info(), await bench.source.info()]) {
        expect(info).toMatchObject({ ...known, state: "new-frame-available", modes: ["fifo", "mailbox"] });
        expect(info.fps).toBeGreaterThan(0);
        expect(info.bytesPerSecond / info.fps).toBeCloseTo(64 * 16);
      }
    },
  );

  test.each(modes)("%s: a change reaches consumers as event info, once per stream", async (mode) => {
    const bench = await openBench(place);
    await bench.source.updateInfo({ title: "before" });
    const consumers = [await bench.consume({ mode }), await bench.consume({ mode })];
    const heard: StreamMetadata[] = [];
    const heardByStream: StreamMetadata[] = [];
    for (const consumer of consumers) consumer.on("info", (info) => heard.push(info));
    bench.stream.on("info", (info) => heardByStream.push(info));
    await bench.source.updateInfo({ title: "after", location: "gate" });
    await until("both have heard", () => heard.length === 2);
    expect(heard).toEqual([
      { title: "after", location: "gate" },
      { title: "after", location: "gate" },
    ]);
    expect(heardByStream).toEqual([{ title: "after", location: "gate" }]);
    const events = (await bench.source.events()).filter(({ name, from }) => name === "info" && from === "stream");
    expect(events.map(({ title }) => title)).toEqual(["before", "after"]);
  });

  test("an update replaces what it names; undefined takes it back; the rest stays", async () => {
    const bench = await openBench(place);
    await bench.source.updateInfo({ title: "a", device: "/dev/video0", labels: { one: "1" } });
    await bench.source.updateInfo({ title: "b", labels: { two: "2" } });
    expect(await bench.stream.info()).toMatchObject({ title: "b", device: "/dev/video0", labels: { two: "2" } });
  });

  test("more than 2048 bytes, unknown fields and wrong types are ERR_BAD_PARAMETER and change nothing", async () => {
    const bench = await openBench(place);
    const most = { title: "x".repeat(2048 - '{"title":""}'.length) };
    await bench.source.updateInfo(most);
    await expect(bench.source.updateInfo({ title: `${most.title}x` })).rejects.toMatchObject(badParameter);
    await expect(bench.source.updateInfo({ titel: "a" } as never)).rejects.toMatchObject(badParameter);
    await expect(bench.source.updateInfo({ nominalFps: "25" } as never)).rejects.toMatchObject(badParameter);
    await expect(bench.source.updateInfo({ labels: { a: 1 } } as never)).rejects.toMatchObject(badParameter);
    expect((await bench.stream.info()).title).toBe(most.title);
  });

  test("after closeInput there is nothing to tell any more: ERR_BAD_STATE", async () => {
    const bench = await openBench(place);
    await bench.source.closeInput();
    await expect(bench.source.updateInfo(door)).rejects.toMatchObject({ code: "ERR_BAD_STATE" });
  });
});

test("undefined takes a field back", async () => {
  await using stream = await createStream({ frame });
  const producer = await stream.connectProducer();
  producer.updateInfo({ title: "a", model: "b" });
  producer.updateInfo({ title: undefined });
  const info = producer.info();
  expect(info.title).toBeUndefined();
  expect(info.model).toBe("b");
});

test("fps and bytes per second are of the last seconds, and fall when nothing is posted any more", async () => {
  await using stream = await createStream({ frame: { format: "bytes", width: 1000 } });
  const producer = await stream.connectProducer();
  expect(producer.info()).toMatchObject({ fps: 0, bytesPerSecond: 0, format: "bytes" });
  const pace = setInterval(() => void producer.push(new Uint8Array(100)), 10);
  await until("it has a rate", () => producer.info().frames >= 20n);
  clearInterval(pace);
  const { fps, bytesPerSecond } = producer.info();
  expect(fps).toBeGreaterThan(0);
  expect(fps).toBeLessThan(200);
  expect(bytesPerSecond / fps).toBeCloseTo(100);
  await until("it has stopped", () => producer.info().fps === 0);
  expect(producer.info()).toMatchObject({ fps: 0, bytesPerSecond: 0 });
});

test("without a producer: ERR_BAD_STATE where nobody else can be it, else an answer that has none", async () => {
  await using alone = await createStream({ frame });
  await expect(alone.info()).rejects.toMatchObject({ code: "ERR_BAD_STATE" });
  const runtimeDir = makeRuntimeDir();
  await using named = await createStream({ name: "waiting", runtimeDir, frame });
  await using opened = await openStream("waiting", { runtimeDir });
  const none = { name: "waiting", format: undefined, fps: 0, frames: 0n, epoch: 0n, consumers: 0, state: "created" };
  expect(await named.info()).toMatchObject(none);
  expect(await opened.info()).toMatchObject(none);
  await opened.close();
  await expect(opened.info()).rejects.toMatchObject({ code: "ERR_BAD_STREAM" });
});
