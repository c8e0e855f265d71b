/** A connection's bytes become the same messages however they are cut; whatever a peer sends stays within bounds. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { StreamError } from "../../../sdk/base/errors.ts";
import type { Chunk, WireItem, WireMessage } from "../../../transports/wire/index.ts";
import { chunksOf, Decoder, encodeMessage, encodeOpening, wireLimits } from "../../../transports/wire/index.ts";
import { anyMessage } from "./any-message.ts";
import { joined, samples } from "./samples.ts";

const sample = <T extends WireMessage["type"]>(type: T) =>
  samples.find(({ message }) => message.type === type)?.message as Extract<WireMessage, { type: T }>;
const ping: WireMessage = { type: "ping", id: 1n, sent: 2n };

/** Takes everything there is; pixels are copied, for they are views. */
function drain(decoder: Decoder): WireItem[] {
  const items: WireItem[] = [];
  for (let item = decoder.next(); item !== undefined; item = decoder.next()) {
    items.push(item.type === "payload" ? { ...item, bytes: item.bytes.slice() } : item);
  }
  return items;
}

function trusted(): Decoder {
  const decoder = new Decoder();
  decoder.trust();
  return decoder;
}

/** What a decoder says about these bytes: items, and how it ended. */
function outcome(bytes: Uint8Array, decoder = trusted()): { items: WireItem[]; error: string } {
  const items: WireItem[] = [];
  decoder.push(bytes);
  try {
    for (let item = decoder.next(); item !== undefined; item = decoder.next()) items.push(item);
    return { items, error: "" };
  } catch (error) {
    if (!(error instanceof StreamError)) throw error;
    return { items, error: `${error.code}: ${error.message}` };
  }
}

/** A layout whose frames have up to `size` bytes. */
function layoutOf(size: number): WireMessage {
  const plane = { offset: 0, stride: size, width: size, height: 1 };
  const format = { name: "bytes", width: size, height: 1, planes: [plane], size, timeBaseNum: 0, timeBaseDen: 0 };
  return { type: "layout", layout: 2, format };
}

const frameOf = (size: number): WireMessage => ({ ...sample("frame"), size });

/** A header of its own. */
function header(size: number, type: number): Uint8Array {
  const whole = new Uint8Array(8);
  new DataView(whole.buffer).setUint32(0, size, true);
  new DataView(whole.buffer).setUint16(4, type, true);
  return whole;
}

const pixels = (size: number) => Uint8Array.from({ length: size }, (_, index) => index * 7 + 1);

/** A frame in chunks of `chunkBytes`, with a message between every two. */
function frameBytes(data: Uint8Array, chunkBytes: number, between: WireMessage = ping): Uint8Array {
  const chunks = [...chunksOf(data, chunkBytes)].map(({ head, payload }) => [head, payload]);
  const parts = chunks.flatMap((chunk, index) => (index === 0 ? chunk : [encodeMessage(between), ...chunk]));
  return joined([encodeMessage(frameOf(data.length)), ...parts]);
}

const stream = (...parts: Uint8Array[]) => joined([encodeOpening(), ...parts]);

describe("a stream of bytes", () => {
  /** Messages and frames in any order; a layout that fits all frames stands in front. */
  const traffic = fc.array(
    fc.oneof(
      anyMessage.filter(({ type }) => type !== "frame" && type !== "layout").map((message) => encodeMessage(message)),
      fc
        .tuple(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 10, max: 300 }))
        .map(([size, chunkBytes]) => frameBytes(pixels(size), chunkBytes)),
    ),
    { maxLength: 6 },
  );

  /** Payloads of one frame, joined: where they are cut is the only thing that may differ. */
  const whole = (items: WireItem[]) => {
    const frames: number[] = [];
    const messages = items.filter((item) => item.type !== "payload");
    for (const item of items) if (item.type === "payload") frames.push(...item.bytes);
    return { messages, frames, ends: items.filter((item) => item.type === "payload" && item.last).length };
  };

  test("gives the same messages and pixels however it is cut", () => {
    fc.assert(
      fc.property(traffic, fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 }), (parts, cuts) => {
        const bytes = stream(encodeMessage(layoutOf(300)), ...parts);
        const decoder = trusted();
        const items: WireItem[] = [];
        for (let at = 0, turn = 0; at < bytes.length; turn++) {
          const piece = bytes.slice(at, at + (cuts[turn % cuts.length] as number));
          at += piece.length;
          decoder.push(piece);
          items.push(...drain(decoder));
          piece.fill(0xee); // nothing may refer to it any more
        }
        const atOnce = trusted();
        atOnce.push(bytes);
        expect(whole(items)).toEqual(whole(drain(atOnce)));
        const frames = whole(items).messages.filter((item) => item.type === "frame" && item.size > 0);
        expect(whole(items).ends).toBe(frames.length);
      }),
      { numRuns: 200 },
    );
  });

  test("cut off anywhere it waits, and goes on with the rest", () => {
    const bytes = stream(
      ...samples.filter(({ message }) => message.type !== "frame").map((one) => encodeMessage(one.message)),
    );
    const all = outcome(bytes).items;
    expect(all.map(({ type }) => type)).toContain("userInfo");
    for (let length = 0; length <= bytes.length; length++) {
      const decoder = trusted();
      decoder.push(bytes.slice(0, length));
      const first = drain(decoder);
      decoder.push(bytes.slice(length));
      expect([...first, ...drain(decoder)]).toEqual(all);
    }
  });

  test("of chance gives ERR_BAD_PROTOCOL or waits, and nothing else is thrown", () => {
    const noise = fc.tuple(fc.boolean(), fc.uint8Array({ maxLength: 400 }));
    fc.assert(
      fc.property(noise, ([opened, bytes]) => {
        expect(outcome(opened ? stream(bytes) : bytes).error).toMatch(/^(ERR_BAD_PROTOCOL: .+)?$/);
      }),
      { numRuns: 1000 },
    );
  });

  test("with one byte changed gives ERR_BAD_PROTOCOL or other messages, and nothing else is thrown", () => {
    const good = stream(
      encodeMessage(layoutOf(300)),
      ...samples.slice(0, 5).map((one) => encodeMessage(one.message)),
      frameBytes(pixels(300), 100),
    );
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.integer({ min: 0, max: 255 }), (at, value) => {
        expect(outcome(good.with(at, value)).error).toMatch(/^(ERR_BAD_PROTOCOL: .+)?$/);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("pixels", () => {
  test("are views of what was pushed, not copies", () => {
    const bytes = stream(encodeMessage(layoutOf(50)), frameBytes(pixels(50), 50));
    const decoder = trusted();
    decoder.push(bytes);
    expect([decoder.next()?.type, decoder.next()?.type]).toEqual(["layout", "frame"]);
    const payload = decoder.next();
    if (payload?.type !== "payload") throw new Error("a payload follows a frame");
    expect(payload).toMatchObject({ offset: 0, last: true });
    expect(payload.bytes.buffer).toBe(bytes.buffer);
    expect([...payload.bytes]).toEqual([...pixels(50)]);
  });

  test("go into the place that aim names, across chunks, and can be read straight into it", () => {
    const data = pixels(100);
    const [first, second] = [...chunksOf(data, 60)] as [Chunk, Chunk];
    const slot = new Uint8Array(128);
    const decoder = trusted();
    decoder.push(stream(encodeMessage(layoutOf(100)), encodeMessage(frameOf(100))));
    expect(drain(decoder).map(({ type }) => type)).toEqual(["layout", "frame"]);
    decoder.aim(slot);
    expect(decoder.space()).toBeUndefined(); // a header is next
    decoder.push(joined([first.head, data.subarray(0, 10)]));
    expect(drain(decoder)).toMatchObject([{ type: "payload", offset: 0, last: false }]);
    expect(decoder.space()).toEqual(slot.subarray(10, 60));

    decoder.space()?.set(data.subarray(10, 40));
    expect(decoder.filled(30)).toMatchObject({ offset: 10, last: false });
    expect(decoder.space()?.length).toBe(20); // what remains of this chunk
    decoder.space()?.set(data.subarray(40, 60));
    expect(decoder.filled(20)).toMatchObject({ offset: 40, last: false });
    expect(decoder.space()).toBeUndefined();

    decoder.push(joined([second.head, data.subarray(60), encodeMessage(ping)]));
    const [rest, after] = drain(decoder);
    expect(rest).toMatchObject({ type: "payload", offset: 60, last: true });
    expect(after).toEqual(ping);
    expect([...slot]).toEqual([...data, ...new Uint8Array(28)]);
    expect(decoder.space()).toBeUndefined();
  });

  test("without a place, or with bytes that wait, there is no space", () => {
    const decoder = trusted();
    const [chunk] = [...chunksOf(pixels(50))] as [Chunk];
    decoder.push(stream(encodeMessage(layoutOf(50)), encodeMessage(frameOf(50)), chunk.head));
    drain(decoder);
    expect(decoder.space()).toBeUndefined();
    expect(() => decoder.filled(1)).toThrow(expect.objectContaining({ code: "ERR_BAD_PARAMETER" }));
    expect(() => decoder.aim(new Uint8Array(49))).toThrow(expect.objectContaining({ code: "ERR_BAD_PARAMETER" }));
    decoder.aim(new Uint8Array(50));
    expect(decoder.space()?.length).toBe(50);
    expect(() => decoder.filled(51)).toThrow(expect.objectContaining({ code: "ERR_BAD_PARAMETER" }));
    decoder.push(pixels(10));
    expect(decoder.space()).toBeUndefined();
    expect(drain(decoder)).toHaveLength(1);
    expect(decoder.space()?.length).toBe(40);
  });

  test("aim needs a frame that begins", () => {
    expect(() => trusted().aim(new Uint8Array(9))).toThrow(expect.objectContaining({ code: "ERR_BAD_STATE" }));
    const decoder = trusted();
    decoder.push(stream(encodeMessage(layoutOf(50)), frameBytes(pixels(50), 20).subarray(0, -1)));
    drain(decoder);
    expect(() => decoder.aim(new Uint8Array(50))).toThrow(expect.objectContaining({ code: "ERR_BAD_STATE" }));
  });

  test("a frame of no bytes is complete at once", () => {
    const { items, error } = outcome(
      stream(encodeMessage(layoutOf(5)), encodeMessage(frameOf(0)), frameBytes(pixels(5), 5)),
    );
    expect(error).toBe("");
    expect(items.map(({ type }) => type)).toEqual(["layout", "frame", "frame", "payload"]);
  });

  test("of 2.5 MiB leave in chunks of 1 MiB, as views", () => {
    const data = new Uint8Array(2.5 * 2 ** 20);
    const chunks = [...chunksOf(data)];
    expect(chunks.map(({ payload }) => payload.length)).toEqual([2 ** 20, 2 ** 20, 2 ** 19]);
    expect(chunks.every(({ payload }) => payload.buffer === data.buffer)).toBe(true);
    expect([...chunksOf(new Uint8Array(0))]).toEqual([]);
  });
});

describe("what breaks the protocol", () => {
  const open = encodeMessage(layoutOf(100));
  const [first, second] = [...chunksOf(pixels(100), 50)].map(({ head, payload }) => joined([head, payload]));
  const frame = encodeMessage(frameOf(100));
  const errorOf = (...parts: (Uint8Array | undefined)[]) => outcome(stream(...(parts as Uint8Array[]))).error;

  test("first bytes of something else, or of another version", () => {
    expect(outcome(Buffer.from("GET / HTTP/1.1\r\n")).error).toMatch(/^ERR_BAD_PROTOCOL: the peer does not speak/);
    const later = outcome(encodeOpening({ min: 2, max: 3 })).error;
    expect(later).toBe("ERR_BAD_PROTOCOL: the peer speaks versions 2 to 3, this side 1 to 1; update the older side");
    expect(outcome(encodeOpening({ min: 3, max: 1 })).error).toMatch(/^ERR_BAD_PROTOCOL: the peer speaks/);
    const decoder = new Decoder({ min: 1, max: 5 });
    expect([outcome(encodeOpening({ min: 1, max: 4 }), decoder).error, decoder.version]).toEqual(["", 4]);
  });

  test("frames and chunks out of their order", () => {
    expect(errorOf(frame)).toMatch("a frame has layout 2, which is not the one announced");
    expect(errorOf(open, first)).toMatch("a chunk comes without a frame");
    expect(errorOf(open, frame, second)).toMatch("a chunk is for byte 50, expected 0");
    expect(errorOf(open, frame, first, first)).toMatch("a chunk is for byte 0, expected 50");
    expect(errorOf(open, frame, first, frame)).toMatch("a frame begins while 50 bytes of the one before are missing");
    expect(errorOf(open, encodeMessage(frameOf(60)), first, second)).toMatch("a chunk reaches 40 bytes past its frame");
    expect(errorOf(open, encodeMessage(frameOf(101)))).toMatch("a frame has 101 bytes, its layout allows 100");
    expect(errorOf(open, frame, header(8, 8), new Uint8Array(8))).toMatch("a chunk has 0 bytes");
    expect(errorOf(open, frame, header(4, 8), new Uint8Array(8))).toMatch("a chunk has -4 bytes");
  });

  test("an unknown message ends the connection, an optional one is skipped", () => {
    expect(errorOf(header(0, 99))).toBe("ERR_BAD_PROTOCOL: message 99 is unknown and not optional");
    for (const size of [0, 1, 300, wireLimits.controlBytesMax]) {
      const bytes = stream(header(size, 0x8fff), new Uint8Array(size), encodeMessage(ping));
      expect(outcome(bytes)).toEqual({ items: [ping], error: "" });
    }
  });

  test("more than 64 messages between two chunks", () => {
    const pings = (count: number) => joined(Array.from({ length: count }, () => encodeMessage(ping)));
    expect(errorOf(open, pings(200), frame, first, pings(64), second, pings(200))).toBe("");
    expect(errorOf(open, frame, first, pings(65))).toMatch("more than 64 messages come between two chunks");
  });

  test("is said again by every later call", () => {
    const decoder = trusted();
    decoder.push(stream(header(0, 99)));
    expect(() => decoder.next()).toThrow("message 99");
    decoder.push(encodeMessage(ping));
    expect(() => decoder.next()).toThrow("message 99");
  });
});

describe("bounds", () => {
  test("a size above its limit is refused by its header alone", () => {
    for (const type of [1, 7, 9, 0x8003, 0x8fff]) {
      const { error } = outcome(stream(header(wireLimits.controlBytesMax + 1, type)));
      expect(error).toBe(`ERR_BAD_PROTOCOL: message ${type} has 16385 bytes, at most 16384`);
    }
    expect(outcome(stream(header(0xffff_ffff, 8))).error).toMatch("message 8 has 4294967295 bytes, at most 1048584");
  });

  test("announced bytes that do not come take no memory", () => {
    const before = process.memoryUsage().arrayBuffers;
    const decoders = Array.from({ length: 2000 }, () => {
      const decoder = trusted();
      decoder.push(stream(header(wireLimits.controlBytesMax, 1), new Uint8Array(20)));
      expect(decoder.next()).toBeUndefined();
      return decoder;
    });
    // 64 bytes each for what came; 16384 each would be 33 MB.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4_000_000);
    expect(decoders).toHaveLength(2000);
  });

  test("before it is trusted a peer may say the hand-shake and nothing else", () => {
    for (const message of [ping, layoutOf(5), frameOf(0), sample("credit"), sample("userInfo")]) {
      const { error } = outcome(stream(encodeMessage(message)), new Decoder());
      expect(error).toMatch(/^ERR_BAD_PROTOCOL: message \d+ comes before the hand-shake is over$/);
    }
    expect(outcome(stream(header(9, 8)), new Decoder()).error).toMatch("message 8 comes before the hand-shake is over");
    const decoder = new Decoder();
    decoder.push(stream(encodeMessage(sample("hello")), encodeMessage(sample("attributes")), encodeMessage(ping)));
    expect([decoder.next()?.type, decoder.next()?.type]).toEqual(["hello", "attributes"]);
    decoder.trust();
    expect(decoder.next()).toEqual(ping);
  });

  test("before it is trusted a peer may say 4096 bytes, those that are skipped included", () => {
    const largest = wireLimits.untrustedBytesMax - 16; // opening, header
    const said = (size: number) => outcome(stream(header(size, 0x8fff), new Uint8Array(size)), new Decoder()).error;
    expect(said(largest)).toBe("");
    expect(said(largest + 1)).toBe("ERR_BAD_PROTOCOL: the hand-shake has more than 4096 bytes");
    const hello = encodeMessage(sample("hello"));
    const many = joined(Array.from({ length: 41 }, () => hello));
    expect(outcome(stream(many), new Decoder()).error).toMatch("the hand-shake has more than 4096 bytes");
  });

  test("a user that pushes and never takes is told so", () => {
    const decoder = trusted();
    const piece = new Uint8Array(2 ** 20);
    for (let count = 0; count < 4; count++) decoder.push(piece);
    expect(() => decoder.push(piece)).toThrow(expect.objectContaining({ code: "ERR_BAD_STATE" }));
  });
});
