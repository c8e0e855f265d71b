/** Options are checked once, and a mistake is answered with what was expected, what came, and what to do. */
import { describe, expect, test } from "vitest";
import {
  acceptWithDefaults,
  checkConsumerOptions,
  checkCreateOptions,
  checkOpenOptions,
  checkProducerOptions,
  checkWaitOptions,
  mergeModeOptions,
} from "../../sdk/base/config.ts";
import { StreamError } from "../../sdk/base/errors.ts";
import { reconnectWithDefaults } from "../../sdk/base/reconnect.ts";
import {
  toNativeAccept,
  toNativePolicy,
  toNativeProducerOptions,
  toNativeStreamOptions,
} from "../../sdk/native-options.ts";
import { parseLocalAddress } from "../../transports/local/address.ts";

function complaint(check: () => unknown): string {
  try {
    check();
  } catch (error) {
    expect(error).toBeInstanceOf(StreamError);
    expect((error as StreamError).code).toBe("ERR_BAD_PARAMETER");
    return (error as StreamError).message;
  }
  throw new Error("nothing was thrown");
}

const create = (options: unknown) => () => checkCreateOptions(options as never);

describe("mistakes", () => {
  test.each([
    [{ fifoLength: 0, mode: "fifo" }, 'option "fifoLength": expected an integer from 1 to 128, got 0; for no queue'],
    [{ fifoLength: 2.5, mode: "fifo" }, "expected an integer from 1 to 128, got 2.5"],
    [{ mode: "latest" }, 'option "mode": expected one of "mailbox", "fifo", "broadcast", got "latest"'],
    [{ fifoLength: 4 }, '"fifoLength" belongs to mode "fifo", got mode "mailbox"'],
    [{ mode: "fifo", capacity: 4 }, '"capacity" belongs to mode "broadcast", got mode "fifo"'],
    [{ name: "a b" }, 'expected a stream name, 1 to 63 of A-Z a-z 0-9 _ -, got "a b"'],
    [{ name: "x".repeat(64) }, "expected a stream name"],
    [{ frame: { format: "RGB", width: 10 } }, 'option "frame.height": expected 1 to 16384, got nothing; add height'],
    [{ frame: { format: "RGB", width: 0, height: 1 } }, 'option "frame.width": expected a number from 1, got 0'],
    [{ frame: { format: "RGB", width: 16385, height: 1 } }, "expected at most 16384, got 16385"],
    [{ frame: { format: "bytes", width: 10, height: 2 } }, "bytes has no height, leave it out"],
    [{ frame: { format: "JPEG", width: 1, height: 1 } }, "expected one of NV12 I420 P010 YUY2"],
    [{ colour: "red" }, 'unknown option "colour"; known are mode, fifoLength'],
    [{ accept: { maxSlot: 3 } }, 'unknown option "accept.maxSlot"; remove it'],
    [{ accept: { maxWaitMs: 0 } }, 'option "accept.maxWaitMs": expected an integer from 1, or -1 for ever, got 0'],
    [{ memory: "cuda" }, 'expected "auto" or "host", got "cuda"; GPU memory is not built into this version'],
    [{ listen: ["ipc"] }, '"listen" needs a "name"'],
    [{ name: "x", listen: ["tcp"] }, "or an address such as tcp://"],
    [{ standby: true }, '"standby" waits for a "name"'],
    [{ standby: true, name: "x", listen: [] }, '"standby" waits for a "name"'],
    [{ name: "x", timeoutMs: 5 }, "only a standby waits; add standby: true"],
    [7, "expected an options object, got 7"],
  ])("%j", (options, text) => {
    expect(complaint(create(options))).toContain(text);
  });

  test("every mistake is named, not only the first", () => {
    const text = complaint(create({ fifoLength: 0, mode: "fifo", strict: "yes" }));
    expect(text).toContain("createStream: ");
    expect(text).toContain('"fifoLength"');
    expect(text).toContain('option "strict": expected true or false, got "yes"');
  });

  test("of the other verbs", () => {
    expect(complaint(() => checkOpenOptions({ timeoutMs: -1 }))).toContain("leave it out for no limit");
    expect(complaint(() => checkOpenOptions({ signal: {} as never }))).toContain(
      "expected an AbortSignal, got an object",
    );
    const reconnecting = (reconnect: unknown) => complaint(() => checkOpenOptions({ reconnect } as never));
    expect(reconnecting(1)).toContain('"reconnect": expected true, false or { firstMs, maxMs');
    expect(reconnecting({ attempts: 0 })).toContain('"reconnect.attempts": expected an integer from 1');
    expect(reconnecting({ jitter: 1.5 })).toContain('"reconnect.jitter": expected a number from 0 to 1, got 1.5');
    expect(reconnecting({ tries: 1 })).toContain('unknown option "reconnect.tries"; remove it');
    expect(complaint(() => checkProducerOptions({ maxWriting: 0 }))).toContain("from 1 to 64, got 0");
    expect(complaint(() => checkConsumerOptions({ formats: [] }, {}))).toContain("at least one format");
    expect(complaint(() => checkConsumerOptions({ client: "é".repeat(32) }, {}))).toContain("at most 63 bytes");
    expect(complaint(() => checkConsumerOptions({ fifoLength: 2 }, {}))).toContain('add mode: "fifo"');
    expect(checkConsumerOptions({ fifoLength: 2 }, { mode: "fifo" })).toEqual({ fifoLength: 2 });
    expect(complaint(() => checkWaitOptions({ timeoutMs: Number.NaN }))).toContain("got NaN");
    expect(complaint(() => checkWaitOptions({ timeoutMs: 2 ** 31 }))).toContain("expected 0 to 2147483647");
    expect(complaint(() => checkWaitOptions({ signal: 1 as never }))).toContain("expected an AbortSignal, got 1");
  });

  test("a producer without a frame", () => {
    expect(complaint(() => toNativeProducerOptions({}, {}))).toContain('add a "frame"');
  });
});

test("reconnect: what is left out has its default, and without it there is none", () => {
  expect(reconnectWithDefaults(undefined)).toBeUndefined();
  expect(reconnectWithDefaults(false)).toBeUndefined();
  const all = { firstMs: 50, maxMs: 1000, factor: 2, jitter: 0.5, attempts: Number.POSITIVE_INFINITY };
  expect(reconnectWithDefaults(true)).toEqual(all);
  const { reconnect } = checkOpenOptions({ reconnect: { attempts: 3, factor: 1.5 } });
  expect(reconnectWithDefaults(reconnect)).toEqual({ ...all, attempts: 3, factor: 1.5 });
});

describe("addresses", () => {
  test("a name and ipc:name are the same", () => {
    expect(parseLocalAddress("cam1")).toEqual({ name: "cam1" });
    expect(parseLocalAddress("ipc:cam-2_b")).toEqual({ name: "cam-2_b" });
  });

  test.each(["tcp://host:8888/cam1", "ws://host/cam1", "ipc:", "ipc:a/b", "../cam1", "", 4])(
    "%s is refused",
    (address) => {
      complaint(() => parseLocalAddress(address));
    },
  );
});

describe("what a connection inherits", () => {
  const stream = { mode: "fifo", fifoLength: 9, whenFull: "drop", maxHeld: 3, start: "newest" } as const;

  test("everything, when it names no other mode", () => {
    expect(mergeModeOptions(stream, { fifoLength: 2 })).toEqual({ ...stream, fifoLength: 2 });
  });

  test("only what means the same everywhere, when it does", () => {
    expect(mergeModeOptions(stream, { mode: "mailbox" })).toEqual({ mode: "mailbox", maxHeld: 3, start: "newest" });
  });

  test("options of the stream that are no mode options stay behind", () => {
    expect(mergeModeOptions({ mode: "fifo", name: "x" } as never, { timeoutMs: 1 } as never)).toEqual({ mode: "fifo" });
  });
});

describe("observers", () => {
  test("are taken as they are, with methods of their own besides", () => {
    class Watcher {
      readonly seen: object[] = [];
      connected(event: object) {
        this.seen.push(event);
      }
    }
    const observer = new Watcher();
    expect(checkCreateOptions({ observer }).observer).toBe(observer);
    expect(checkOpenOptions({ observer }).observer).toBe(observer);
  });

  test.each([[null], ["connected"], [{ connected: true }]])("%j is no observer", (observer) => {
    const wrong = () => checkCreateOptions({ observer } as never);
    expect(wrong).toThrow(/createStream: option "observer": expected an object with methods named after events/);
  });
});

describe("what the core is told", () => {
  const base = { onStall: 0, start: 0, noReuse: false, maxHeld: 1, maxLag: 0, maxLagTotal: 0 };

  test("mailbox, fifo and broadcast, with their defaults", () => {
    const mailbox = { capacity: 1, whenFull: 1, pick: 1, onDisconnect: 0, label: "mailbox" };
    const fifo = { capacity: 4, whenFull: 0, pick: 0, onDisconnect: 1, label: "fifo" };
    const broadcast = { capacity: 8, whenFull: 1, pick: 0, onDisconnect: 0, label: "broadcast" };
    expect(toNativePolicy({}, "ipc")).toEqual({ ...base, ...mailbox, maxWaitMs: 5000 });
    expect(toNativePolicy({ mode: "fifo" }, "ipc")).toEqual({ ...base, ...fifo, maxWaitMs: 5000 });
    expect(toNativePolicy({ mode: "fifo" }, "in-process")).toEqual({ ...base, ...fifo, maxWaitMs: -1 });
    expect(toNativePolicy({ mode: "broadcast" }, "ipc")).toEqual({ ...base, ...broadcast, maxWaitMs: 5000 });
  });

  test("every option of a connection counts, whatever its mode", () => {
    const options = {
      maxHeld: 7,
      maxWaitMs: 0,
      onStall: "overwrite",
      start: "newest",
      reuse: false,
      maxLag: 30,
      maxLagTotal: 60,
      whenFull: "drop",
    } as const;
    const told = { maxHeld: 7, maxWaitMs: 0, onStall: 1, start: 1, noReuse: true, maxLag: 30, maxLagTotal: 60 };
    for (const mode of ["mailbox", "fifo", "broadcast"] as const) {
      expect(toNativePolicy({ mode, ...options }, "ipc")).toMatchObject({ ...told, whenFull: 2 });
      for (const onDisconnect of ["drop", "drain"] as const) {
        const expected = { onDisconnect: onDisconnect === "drain" ? 1 : 0 };
        expect(toNativePolicy({ mode, onDisconnect }, "ipc")).toMatchObject(expected);
      }
    }
    expect(toNativePolicy({ mode: "fifo", fifoLength: 128 }, "ipc").capacity).toBe(128);
    expect(toNativePolicy({ mode: "broadcast", capacity: 2 }, "ipc").capacity).toBe(2);
  });

  test("accepted modes are what they need when full; drop always is", () => {
    const mask = (...names: ("mailbox" | "fifo" | "broadcast")[]) => toNativeAccept({ modes: names }).whenFullMask;
    expect(toNativeAccept(undefined).whenFullMask).toBe(0b111);
    expect(mask("fifo")).toBe(0b101);
    expect(mask("mailbox")).toBe(0b110);
    expect(mask("broadcast", "mailbox")).toBe(0b110);
    expect(acceptWithDefaults(undefined)).toMatchObject({ maxFifoLength: 128, maxConsumers: 16, maxWaitMs: 5000 });
    expect(toNativeAccept({ maxFifoLength: 3, maxWaitMs: -1 })).toMatchObject({ maxWaitCapacity: 3, maxWaitMs: -1 });
  });

  test("streams and producers", () => {
    expect(toNativeStreamOptions({ name: "cam1" })).toMatchObject({ name: "cam1", socketMode: 0o600, socketGroup: -1 });
    expect(toNativeStreamOptions({ name: "cam1", listen: [] }).name).toBeUndefined();
    const frame = { format: "bytes", width: 100, timeBase: { num: 1, den: 90_000 } } as const;
    const told = toNativeProducerOptions({ frame, whenNoConsumer: "wait" }, { maxWriting: 3 });
    expect(told.format).toEqual({ name: "bytes", width: 100, height: 1, timeBaseNum: 1, timeBaseDen: 90_000 });
    expect(told).toMatchObject({ maxWriting: 3, waitWithoutConsumer: true });
    expect(toNativeProducerOptions({ frame, whenNoConsumer: "wait" }, { whenNoConsumer: "drop" })).toMatchObject({
      waitWithoutConsumer: false,
    });
  });
});
