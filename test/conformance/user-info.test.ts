/** What the two ends of a connection tell each other about themselves, before the first frame. */
import { createStream } from "edgestream";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { endChildren, removeRuntimeDirs } from "../programs/child.ts";
import { closeBenches, frame, openBench, places } from "./places.ts";

const lens = { model: "IMX 477", où: "toit ☀" };

afterEach(async () => {
  await closeBenches();
  await endChildren();
});
afterAll(removeRuntimeDirs);

describe.each(places)("$name", (place) => {
  test("each side reads the other's before the first frame, and each connection has its own", async () => {
    const bench = await openBench(place, {}, { userInfo: lens });
    const first = await bench.consume({ userInfo: { role: "detector" } });
    const second = await bench.consume({ userInfo: { role: "recorder" } });
    const third = await bench.consume();
    expect(first.state).toBe("empty");
    expect(first.producerInfo).toEqual(lens);
    expect(second.producerInfo).toEqual(lens);
    expect(await bench.source.userInfoOf(first.connection)).toEqual({ role: "detector" });
    expect(await bench.source.userInfoOf(second.connection)).toEqual({ role: "recorder" });
    expect(await bench.source.userInfoOf(third.connection)).toEqual({});
    await bench.source.post(1);
    expect((await first.acquire()).number).toBe(1n);
    expect(first.producerInfo).toEqual(lens);
  });

  test("too late is ERR_BAD_STATE, at both ends, and changes nothing", async () => {
    const bench = await openBench(place);
    await bench.source.setUserInfo({ at: "first" });
    await bench.source.setUserInfo({ at: "second" });
    const consumer = await bench.consume({ userInfo: { at: "first" } });
    await expect(bench.source.setUserInfo({ at: "late" })).rejects.toMatchObject({ code: "ERR_BAD_STATE" });
    expect(() => consumer.setUserInfo({ at: "late" })).toThrow(expect.objectContaining({ code: "ERR_BAD_STATE" }));
    expect(consumer.producerInfo).toEqual({ at: "second" });
    expect(await bench.source.userInfoOf(consumer.connection)).toEqual({ at: "first" });
  });

  test("more than 1024 bytes, or values that are no strings, are ERR_BAD_PARAMETER", async () => {
    const bench = await openBench(place);
    const badParameter = { code: "ERR_BAD_PARAMETER" };
    const most = { a: "x".repeat(1024 - '{"a":""}'.length) };
    await expect(bench.source.setUserInfo({ a: `${most.a}x` })).rejects.toMatchObject(badParameter);
    await expect(bench.source.setUserInfo({ a: 1 } as never)).rejects.toMatchObject(badParameter);
    await expect(bench.stream.connectConsumer({ userInfo: { a: `${most.a}x` } })).rejects.toMatchObject(badParameter);
    await bench.source.setUserInfo(most);
    expect((await bench.consume({ userInfo: most })).producerInfo).toEqual(most);
  });
});

test("a consumer that waits for its producer may still say who it is", async () => {
  await using stream = await createStream({ frame });
  const consumer = await stream.connectConsumer({ userInfo: { role: "unknown" } });
  expect(consumer.producerInfo).toEqual({});
  consumer.setUserInfo({ role: "early" });
  const producer = await stream.connectProducer({ userInfo: lens });
  expect(producer.userInfoOf(consumer.connection)).toEqual({ role: "early" });
  expect(consumer.producerInfo).toEqual(lens);
});
