/** Attributes that the two ends of a link insist on: nobody, one, both, and two that clash (EGL's table). */
import type { NegotiatedAttributes } from "edgestream";
import { afterEach, describe, expect, test } from "vitest";
import { addressOf, closeStreams, created, frame, opened, postFilled, refusedBy } from "../net/streams.ts";
import { until } from "../programs/child.ts";

afterEach(closeStreams);

describe.each(["tcp", "ws"])("over %s", (carrier) => {
  const listen = [`${carrier}://127.0.0.1:0`];
  type Ends = [listener: NegotiatedAttributes | undefined, dialler: NegotiatedAttributes | undefined];
  const agreeing: [...Ends, mode: string, fifoLength: number][] = [
    [undefined, undefined, "mailbox", 1],
    [undefined, { mode: "fifo", fifoLength: 3 }, "fifo", 3],
    [{ mode: "fifo", fifoLength: 5 }, undefined, "fifo", 5],
    [{ mode: "fifo", fifoLength: 5 }, { mode: "fifo", fifoLength: 5 }, "fifo", 5],
    [{ format: "GRAY8", width: 64 }, { height: 16 }, "mailbox", 1],
  ];

  test.each(agreeing)("%j and %j agree: %s, %d waiting", async (ours, theirs, mode, length) => {
    const stream = await created({ name: "terms", listen, ...(ours && { attributes: ours }) });
    const refused = refusedBy(stream);
    const producer = await stream.connectProducer();
    const remote = await opened(addressOf(stream), theirs && { attributes: theirs });
    const consumer = await remote.connectConsumer();
    expect(consumer.stats()).toMatchObject({ mode, state: "empty" });
    await until("it is seated", () => producer.stats().connections[0]?.state === "empty");
    expect(producer.stats().connections[0]?.mode).toBe(mode);
    // As many frames as fit are there at once; the next one waits, or takes the place of another.
    for (let value = 1; value <= length; value++) await postFilled(producer, value);
    const slot = await producer.acquire();
    const more = producer.tryPost(slot);
    expect(more.status).toBe(mode === "fifo" ? "would-block" : "ok");
    if (more.status !== "ok") slot.discard();
    const got = await consumer.acquire({ timeoutMs: 5000 });
    if (mode === "fifo") expect(got.number).toBe(1n);
    expect(refused).toEqual([]);
  });

  const clashing: [...Ends, names: string][] = [
    [{ mode: "fifo" }, { mode: "broadcast" }, "mode"],
    [{ mode: "fifo", fifoLength: 4 }, { mode: "fifo", fifoLength: 5 }, "fifoLength"],
    [
      { supportReset: true, supportReuse: false },
      { supportReset: false, supportReuse: true },
      "supportReset, supportReuse",
    ],
    [undefined, { format: "NV12", width: 65 }, "format, width"], // what the stream's frames are is not negotiable
  ];

  test.each(clashing)("%j and %j clash: both ends hear of %s", async (ours, theirs, names) => {
    const stream = await created({ name: "terms", listen, ...(ours && { attributes: ours }) });
    const refused = refusedBy(stream);
    const producer = await stream.connectProducer();
    const remote = await opened(addressOf(stream), theirs && { attributes: theirs });
    const consumer = await remote.connectConsumer();
    expect([consumer.state, consumer.cause]).toEqual(["disconnected", "refused"]);
    const words = `the two ends insist on different ${names}`;
    expect(consumer.reason).toBe(words);
    expect(refused).toEqual([{ code: "ERR_BAD_MATCH", reason: expect.stringMatching(new RegExp(`^\\S+: ${words}$`)) }]);
    expect(await consumer.next({ timeoutMs: 1000 })).toMatchObject({ status: "closed" });
    expect(producer.stats().connections).toEqual([]);
  });

  test("a producer that dials and clashes is told with an error: it has no connection that could end", async () => {
    const stream = await created({ name: "terms", listen, attributes: { mode: "fifo" } });
    const refused = refusedBy(stream);
    const remote = await opened(addressOf(stream), { attributes: { mode: "mailbox" } });
    const clash = { code: "ERR_BAD_MATCH", message: expect.stringContaining("different mode") };
    await expect(remote.connectProducer({ frame })).rejects.toMatchObject(clash);
    expect(refused).toHaveLength(1);
  });

  test("a mode named in the options is insisted on; the listener's takes the place of one that was not", async () => {
    const stream = await created({ name: "terms", listen, attributes: { mode: "broadcast" } });
    await stream.connectProducer();
    const remote = await opened(addressOf(stream));
    expect((await remote.connectConsumer()).stats().mode).toBe("broadcast");
    const fifo = await remote.connectConsumer({ mode: "fifo" });
    expect([fifo.state, fifo.cause]).toEqual(["disconnected", "refused"]);
  });
});
