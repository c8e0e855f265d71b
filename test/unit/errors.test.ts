/** One error class, recognised across copies of the package. */
import { describe, expect, test } from "vitest";
import { errorCodes, native, StreamError, wrapNativeError } from "../../sdk/base/errors.ts";
import { errorCode, iterationError, noFrame } from "../../sdk/flow.ts";

/** The module once more, as if it were installed twice. */
async function otherCopy(): Promise<typeof import("../../sdk/base/errors.ts")> {
  const path = "../../sdk/base/errors.ts?copy";
  return await import(/* @vite-ignore */ path);
}

describe("StreamError", () => {
  test("carries code, reason and cause", () => {
    const cause = new Error("below");
    const error = new StreamError("ERR_BAD_STATE", "nothing came", { reason: "timeout", cause });
    expect(error).toMatchObject({ name: "StreamError", code: "ERR_BAD_STATE", reason: "timeout", cause });
    expect(error).toBeInstanceOf(Error);
    expect(Object.hasOwn(new StreamError("ERR_SYSTEM", "x"), "cause")).toBe(false);
  });

  test("instanceof holds across two copies, and for nothing else", async () => {
    const other = await otherCopy();
    expect(other.StreamError).not.toBe(StreamError);
    expect(new other.StreamError("ERR_SYSTEM", "x") instanceof StreamError).toBe(true);
    expect(new StreamError("ERR_SYSTEM", "x") instanceof other.StreamError).toBe(true);
    for (const value of [new Error("x"), { code: "ERR_SYSTEM" }, null, undefined, "ERR_SYSTEM"]) {
      expect((value as unknown) instanceof StreamError).toBe(false);
    }
  });

  test("a subclass means itself", () => {
    class OwnError extends StreamError {}
    expect(new StreamError("ERR_SYSTEM", "x") instanceof OwnError).toBe(false);
    expect(new OwnError("ERR_SYSTEM", "x") instanceof OwnError).toBe(true);
    expect(new OwnError("ERR_SYSTEM", "x") instanceof StreamError).toBe(true);
  });

  test("what the addon throws becomes one; anything else stays as it is", () => {
    const fromAddon = Object.assign(new Error("no stream"), { code: "ERR_NOT_FOUND" });
    expect(() =>
      native(() => {
        throw fromAddon;
      }),
    ).toThrow(expect.objectContaining({ code: "ERR_NOT_FOUND" }));
    expect(wrapNativeError(fromAddon)).toBeInstanceOf(StreamError);
    for (const other of [new TypeError("bug"), Object.assign(new Error("x"), { code: "ENOENT" }), 7]) {
      expect(wrapNativeError(other)).toBe(other);
    }
    const own = new StreamError("ERR_CLOSED", "x");
    expect(wrapNativeError(own)).toBe(own);
  });

  test("every code has a sentence", () => {
    for (const sentence of Object.values(errorCodes)) expect(sentence).toMatch(/^[A-Z].*\.$/);
  });
});

describe("numbers of the core", () => {
  test("flow and faults by their names", () => {
    expect([1, 2, 3, 4, 5].map(noFrame)).toEqual(["would-block", "timeout", "closed", "evicted", "aborted"]);
    expect(errorCode(-1)).toBe("ERR_BAD_STATE");
    expect(errorCode(-10)).toBe("ERR_REFUSED");
    expect(errorCode(-12)).toBe("ERR_SYSTEM");
    expect(errorCode(3)).toBe("ERR_CLOSED");
  });

  test("which ends of an iteration are errors", () => {
    for (const cause of ["ended", "stopped", "consumer-closed"] as const)
      expect(iterationError(cause, "")).toBeUndefined();
    for (const cause of ["producer-lost", "producer-closed"] as const) {
      expect(iterationError(cause, "")).toMatchObject({ code: "ERR_PRODUCER_LOST", reason: "closed" });
    }
    for (const cause of [
      "evicted-lag",
      "evicted-stall",
      "evicted-violation",
      "evicted-request",
      "evicted-hold",
    ] as const) {
      expect(iterationError(cause, "")).toMatchObject({ code: "ERR_EVICTED", reason: "evicted" });
    }
    expect(iterationError("refused", "full")).toMatchObject({ code: "ERR_REFUSED" });
    expect(iterationError("refused", "full")?.message).toContain("full");
  });
});
