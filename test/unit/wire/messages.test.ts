/** Every message has the bytes that docs/wire.md says, and comes back from them as it was. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { StreamError } from "../../../sdk/base/errors.ts";
import { encodeChunkHead, encodeMessage, encodeOpening, wireLimits } from "../../../transports/wire/index.ts";
import { headerBytes } from "../../../transports/wire/message.ts";
import { kindOf, messageKinds } from "../../../transports/wire/messages.ts";
import { anyMessage, broken } from "./any-message.ts";
import { bytesOf, chunkHex, hexOf, openingHex, samples } from "./samples.ts";

/** What a body says, whatever its header's size. */
function decode(whole: Uint8Array) {
  const type = new DataView(whole.buffer, whole.byteOffset).getUint16(4, true);
  return kindOf(type)?.decode(whole.subarray(headerBytes));
}

function codeOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof StreamError) return error.code;
    throw error;
  }
  return "none";
}

describe("golden bytes", () => {
  for (const { message, hex } of samples) {
    test(message.type, () => {
      expect(hexOf(encodeMessage(message))).toBe(hex);
      expect(decode(bytesOf(hex))).toEqual(message);
    });
  }

  test("opening, chunk", () => {
    expect(hexOf(encodeOpening())).toBe(openingHex);
    expect(hexOf(encodeChunkHead(7, 5))).toBe(chunkHex);
  });

  test("there is a sample of every type", () => {
    const names = [...samples.map(({ message }) => message.type), "chunk"];
    expect(names.sort()).toEqual(messageKinds.map(({ name }) => name).sort());
    expect(new Set(messageKinds.map(({ id }) => id)).size).toBe(messageKinds.length);
  });
});

describe("any message", () => {
  test("comes back as it was", () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        expect(decode(encodeMessage(message))).toEqual(message);
      }),
    );
  });

  test("may be longer, by what a later version appended", () => {
    fc.assert(
      fc.property(anyMessage, fc.uint8Array({ maxLength: 40 }), (message, more) => {
        expect(decode(Uint8Array.from([...encodeMessage(message), ...more]))).toEqual(message);
      }),
    );
  });

  test("may not be shorter: every truncation is ERR_BAD_PROTOCOL", () => {
    for (const { hex } of samples) {
      const whole = bytesOf(hex);
      for (let length = headerBytes; length < whole.length; length++) {
        expect(codeOf(() => decode(whole.subarray(0, length)))).toBe("ERR_BAD_PROTOCOL");
      }
    }
  });

  test("whatever bytes a body has, it is a message or ERR_BAD_PROTOCOL", () => {
    fc.assert(
      fc.property(broken, (whole) => {
        expect(["none", "ERR_BAD_PROTOCOL"]).toContain(codeOf(() => decode(whole)));
      }),
      { numRuns: 1000 },
    );
  });
});

describe("what a message may not say", () => {
  const sampleOf = (type: string) => samples.find(({ message }) => message.type === type)?.hex as string;
  /** The sample with bytes in other places; offsets as in docs/wire.md. */
  const changed = (type: string, changes: Record<number, number>) => {
    const whole = bytesOf(sampleOf(type));
    for (const [at, byte] of Object.entries(changes)) whole[Number(at)] = byte;
    return () => decode(whole);
  };

  test("reserved bytes are zero", () => {
    expect(changed("hello", { 11: 1 })).toThrow("a reserved byte of a message is not 0");
    expect(changed("frame", { 87: 1 })).toThrow("a reserved byte of a message is not 0");
    expect(changed("layout", { 15: 1 })).toThrow("a reserved byte of a message is not 0");
  });

  test("hello: roles, names and texts", () => {
    expect(changed("hello", { 8: 0 })).toThrow("a message says 0, expected one of 1, 2, 3");
    expect(changed("hello", { 8: 2 })).toThrow("hello: a consumer has a policy, and nobody else");
    expect(changed("hello", { 40: 0 })).toThrow("hello: a consumer has a policy, and nobody else");
    expect(changed("hello", { 80: 0x2f })).toThrow("hello: the stream's name has other characters");
    expect(changed("hello", { 9: 0 })).toThrow("hello: the stream's name has other characters");
    expect(changed("hello", { 9: 64 })).toThrow("hello: stream has 64 bytes, at most 63");
    expect(changed("hello", { 13: 3 })).toThrow("hello: token has 774 bytes, at most 512");
    expect(changed("hello", { 14: 8 })).toThrow("hello: userInfo reaches past the end of the message");
    expect(changed("hello", { 86: 0x20 })).toThrow("a text of a message is not UTF-8");
    expect(changed("hello", { 79: 1 })).toThrow("a text of a message is not filled up with zeros");
    expect(changed("welcome", { 41: 2 })).toThrow("a yes or no of a message is 2");
  });

  test("layout: only formats and planes that there are", () => {
    expect(changed("layout", { 17: 0x58 })).toThrow('a layout has format "NX12"');
    expect(changed("layout", { 32: 0 })).toThrow("a format has 0 planes, expected 1 to 3");
    expect(changed("layout", { 32: 4 })).toThrow("a format has 4 planes, expected 1 to 3");
    expect(changed("layout", { 32: 1 })).toThrow("a format describes more planes than it has");
    expect(changed("layout", { 55: 0xff })).toThrow("a plane of a format reaches past the end of its frame");
    expect(changed("layout", { 88: 0 })).toThrow("a frame of a layout has 0 bytes");
    expect(changed("layout", { 92: 1 })).toThrow("a frame of a layout has 4294967308 bytes");
  });

  test("attributes: what is not set is zero, and there are nine", () => {
    expect(changed("attributes", { 32: 1 })).toThrow("an attribute that is not set has a value");
    expect(changed("attributes", { 9: 2 })).toThrow("the peer sets attributes that do not exist");
    expect(changed("attributes", { 12: 11 })).toThrow("a message says 11, expected one of 0, 1");
  });

  test("frame: metadata and sticky blocks have 4096 bytes together", () => {
    const whole = new Uint8Array(88 + 4097);
    whole.set(bytesOf(sampleOf("frame")).subarray(0, 88));
    const view = new DataView(whole.buffer);
    for (const [at, size] of [
      [72, 4000],
      [74, 96],
      [80, 1],
    ] as const)
      view.setUint16(at, size, true);
    expect(() => decode(whole)).toThrow("metadata and sticky blocks have 4097 bytes, together at most 4096");
    view.setUint16(80, 0, true);
    expect(decode(whole)).toMatchObject({ type: "frame" });
    expect(changed("frame", { 67: 0x80 })).toThrow("frame: it has 2147483660 bytes, at most 2147483647");
  });

  test("codes of a later version still end a connection", () => {
    expect(changed("refused", { 8: 0x80 })()).toMatchObject({ code: "ERR_REFUSED", reason: "size" });
    expect(changed("bye", { 8: 99 })()).toMatchObject({ cause: "none", reason: "lag" });
  });

  test("this side's own mistakes are ERR_BAD_PARAMETER, and name no secret", () => {
    const hello = samples[0]?.message;
    if (hello?.type !== "hello") throw new Error("the first sample is a hello");
    const token = "s3cret".repeat(100);
    const tooLong = () => encodeMessage({ ...hello, token });
    expect(codeOf(tooLong)).toBe("ERR_BAD_PARAMETER");
    expect(tooLong).toThrow(/^hello: token has 600 bytes, at most 512$/);
    expect(codeOf(() => encodeMessage({ ...hello, idleMs: -1 }))).toBe("ERR_BAD_PARAMETER");
    expect(codeOf(() => encodeMessage({ ...hello, previous: 2n ** 64n }))).toBe("ERR_BAD_PARAMETER");
    expect(codeOf(() => encodeMessage({ ...hello, policy: undefined }))).toBe("ERR_BAD_PARAMETER");
    expect(codeOf(() => encodeMessage({ type: "bye", cause: "bored" as never, reason: "" }))).toBe("ERR_BAD_PARAMETER");
    expect(codeOf(() => encodeChunkHead(0, 0))).toBe("ERR_BAD_PARAMETER");
    expect(codeOf(() => encodeChunkHead(0, wireLimits.chunkBytesMax + 1))).toBe("ERR_BAD_PARAMETER");
  });
});
