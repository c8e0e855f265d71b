/** Any bytes, cut anywhere, into what stands behind a socket: it never throws, and what it heard is what was said. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { StreamError } from "../../../sdk/base/errors.ts";
import { Access } from "../../../transports/remote/access.ts";
import type { NativeHost } from "../../../transports/remote/host.ts";
import type { Offer } from "../../../transports/remote/offer.ts";
import { Reception } from "../../../transports/remote/reception.ts";
import { Session, type SessionUser } from "../../../transports/remote/session.ts";
import { chunksOf, Decoder, encodeMessage, encodeOpening, type WireMessage } from "../../../transports/wire/index.ts";
import { anyMessage, broken } from "../wire/any-message.ts";
import { FakeLink } from "./fake-link.ts";

const runs = { numRuns: 300 };
const none = new Uint8Array(0);

const gray: Extract<WireMessage, { type: "layout" }> = {
  type: "layout",
  layout: 1,
  format: {
    name: "GRAY8",
    width: 700,
    height: 300,
    planes: [{ offset: 0, stride: 700, width: 700, height: 300 }],
    size: 210_000,
    timeBaseNum: 0,
    timeBaseDen: 0,
  },
};

/** A frame of `size` bytes in pieces of `pieceBytes`. */
function frameBytes(number: bigint, size: number, pieceBytes: number): Uint8Array {
  const pixels = new Uint8Array(size).map((_, index) => index * 31 + Number(number));
  const head: WireMessage = {
    type: "frame",
    number,
    epoch: 1n,
    pts: 0n,
    duration: 0n,
    captured: 0n,
    posted: 0n,
    skipped: 0n,
    size,
    layout: 1,
    metadata: none,
    block0: none,
    block1: none,
    block2: none,
    block3: none,
  };
  const pieces = [...chunksOf(pixels, pieceBytes)].flatMap((piece) => [piece.head, piece.payload]);
  return Buffer.concat([encodeMessage(head), ...pieces]);
}

/** Cuts `bytes` at any places. */
function cutAt(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...new Set(places.map((place) => place % (bytes.length + 1))), bytes.length].sort((a, b) => a - b);
  return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end)).filter(({ length }) => length > 0);
}

/** Frames go into places of their own, as slots do; other messages are noted. */
class Listener implements SessionUser {
  readonly messages: WireMessage[] = [];
  readonly places: Uint8Array[] = [];
  finished = 0;
  ends = 0;
  error: Error | undefined;
  session: Session | undefined;

  onMessage(message: WireMessage): void {
    if (message.type === "frame" && message.size > 0) {
      // A peer may announce 2 GiB; a slot is made when a layout is known, not here.
      if (message.size > 1e6) throw new StreamError("ERR_BAD_PROTOCOL", "larger than the slots of this test");
      const place = new Uint8Array(message.size);
      this.places.push(place);
      this.session?.aim(place);
    }
    this.messages.push(message);
  }

  onPayload({ last }: { last: boolean }): void {
    if (last) this.finished++;
  }

  onClosed(error: Error | undefined): void {
    this.ends++;
    this.error = error;
  }
}

function open(direct: boolean): { link: FakeLink; user: Listener; session: Session } {
  const link = new FakeLink(direct);
  const user = new Listener();
  const session = new Session(link, user, { idleMs: 0, now: () => 0n, trusted: true });
  user.session = session;
  session.start();
  return { link, user, session };
}

const places = fc.array(fc.nat(), { maxLength: 30 });
const frames = fc.array(fc.tuple(fc.integer({ min: 1, max: 210_000 }), fc.integer({ min: 500, max: 100_000 })), {
  minLength: 1,
  maxLength: 4,
});
const conversation = fc.array(
  fc.oneof(
    anyMessage.map((message) => encodeMessage(message)),
    broken,
  ),
  { maxLength: 12 },
);
/** Pings are answered and pongs judged; both have tests of their own. */
const isTold = ({ type }: { type: string }) => type !== "ping" && type !== "pong" && type !== "payload";

describe.each([true, false])("a session that reads straight into slots: %s", (direct) => {
  test("frames arrive whole however their bytes are cut", () => {
    fc.assert(
      fc.property(frames, places, (sizes, cuts) => {
        const { link, user } = open(direct);
        const sent = sizes.map(([size, piece], index) => frameBytes(BigInt(index + 1), size, piece));
        const bytes = Buffer.concat([encodeOpening(), encodeMessage(gray), ...sent]);
        for (const part of cutAt(bytes, cuts)) expect(link.deliver(part)).toHaveLength(0);
        expect(user.finished).toBe(sizes.length);
        for (const [index, [size]] of sizes.entries()) {
          const pixels = new Uint8Array(size).map((_, at) => at * 31 + index + 1);
          expect(Buffer.compare(user.places[index] as Uint8Array, pixels)).toBe(0);
        }
        link.close();
        expect(user.ends).toBe(1);
      }),
      { numRuns: 60 },
    );
  });

  test("after its end no byte goes into a slot, wherever in a frame that was", () => {
    fc.assert(
      fc.property(frames, fc.nat(), places, (sizes, where, cuts) => {
        const { link, user, session } = open(direct);
        const sent = sizes.map(([size, piece], index) => frameBytes(BigInt(index + 1), size, piece));
        const bytes = Buffer.concat([encodeOpening(), encodeMessage(gray), ...sent]);
        const at = where % bytes.length;
        for (const part of cutAt(bytes.subarray(0, at), cuts)) link.deliver(part);
        session.end();
        const before = user.places.map((place) => place.slice());
        for (const place of user.places) expect(link.reads?.buffer).not.toBe(place.buffer);
        for (const part of cutAt(bytes.subarray(at), cuts)) link.deliver(part);
        for (const [index, place] of user.places.entries()) {
          expect(Buffer.compare(place, before[index] as Uint8Array)).toBe(0);
        }
        link.close();
        expect(user.ends).toBe(1);
      }),
      { numRuns: 100 },
    );
  });

  test("any bytes: it hears what a decoder hears, or fails where that one fails, and is closed once", () => {
    fc.assert(
      fc.property(conversation, places, fc.boolean(), (parts, cuts, proper) => {
        // A Buffer would not equal what a decoder cuts from it.
        const bytes = Uint8Array.from(Buffer.concat(proper ? [encodeOpening(), ...parts] : parts));
        const { link, user } = open(direct);
        for (const part of cutAt(bytes, cuts)) link.deliver(part);
        const { heard, failed } = reference(bytes);
        expect(user.messages.slice(0, heard.length)).toEqual(heard.slice(0, user.messages.length));
        if (!link.destroyed) expect([user.messages.length, failed]).toEqual([heard.length, false]);
        link.close();
        expect(user.ends).toBe(1);
      }),
      runs,
    );
  });
});

function reference(bytes: Uint8Array): { heard: WireMessage[]; failed: boolean } {
  const decoder = new Decoder();
  decoder.trust();
  const heard: WireMessage[] = [];
  try {
    decoder.push(bytes);
    for (let item = decoder.next(); item !== undefined; item = decoder.next()) {
      if (isTold(item)) heard.push(item as WireMessage);
    }
  } catch {
    return { heard, failed: true };
  }
  return { heard, failed: false };
}

describe("a reception", () => {
  const host = { binding: { now: () => 0n }, register: () => {}, unregister: () => {} } as unknown as NativeHost;

  function offer(): Offer & { told: string[] } {
    const told: string[] = [];
    const full = () => {
      throw new StreamError("ERR_RESOURCE_BUSY", "no seat is left");
    };
    return {
      told,
      name: "cam1",
      access: new Access({ read: "secret-of-cam1" }),
      idleMs: 0,
      maxWaitMs: -1,
      attributes: undefined,
      policy: {} as never,
      seats: new Set(),
      publisher: undefined,
      hasProducer: () => false,
      connectConsumer: full,
      openProducer: full,
      closeProducer: () => {},
      info: async () => ({ name: "cam1" }) as never,
      refused: ({ code, reason }) => told.push(`${code} ${reason}`),
    };
  }

  test("whatever strangers say, each is closed, nothing is counted twice, and no answer has the secret", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(conversation, places, fc.boolean()), { maxLength: 5 }), (callers) => {
        const reception = new Reception(host, { maxHandshakes: 1, maxConnections: 1 });
        const cam1 = offer();
        reception.add(cam1);
        for (const [parts, cuts, proper] of callers) {
          const link = new FakeLink(true);
          expect(reception.full).toBe(false);
          reception.receive(link);
          expect(reception.full).toBe(true);
          const bytes = Buffer.concat(proper ? [encodeOpening(), ...parts] : parts);
          for (const part of cutAt(bytes, cuts)) link.deliver(part);
          const answer = Buffer.concat(link.written).toString("latin1");
          expect(answer + cam1.told.join()).not.toContain("secret-of-cam1");
          link.close();
          expect(reception.full).toBe(false);
        }
        expect(cam1.told.length).toBeLessThanOrEqual(1 + callers.length);
      }),
      runs,
    );
  });

  test("one beyond its limits is destroyed unheard, and told of once a second", () => {
    const reception = new Reception(host, { maxHandshakes: 2 });
    const cam1 = offer();
    reception.add(cam1);
    const links = Array.from({ length: 50 }, () => new FakeLink(true));
    for (const link of links) reception.receive(link);
    expect(links.map(({ destroyed }) => destroyed)).toEqual(links.map((_, index) => index >= 2));
    expect(cam1.told).toEqual([expect.stringMatching(/^ERR_RESOURCE_BUSY 192\.0\.2\.7:4711: too many/)]);
    for (const link of links) link.close();
    expect(reception.full).toBe(false);
  });

  test("who breaks the protocol is answered with a reason", () => {
    const reception = new Reception(host);
    const cam1 = offer();
    reception.add(cam1);
    const link = new FakeLink(true);
    reception.receive(link);
    link.deliver(Buffer.from("GET / HTTP/1.1\r\n\r\n"));
    expect(link.said()).toEqual([expect.objectContaining({ type: "refused", code: "ERR_BAD_PROTOCOL" })]);
    expect([link.ended, cam1.told.length]).toEqual([true, 1]);
    link.close();
  });
});
