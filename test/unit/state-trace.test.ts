/** Whatever was seen of a stream, what is told is a chain of legal transitions. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { StateChange, StreamState } from "../../sdk/base/types.ts";
import { pathBetween, StateTrace } from "../../sdk/state-trace.ts";

const legal: Record<StreamState, readonly StreamState[]> = {
  initializing: ["created", "disconnected"],
  created: ["connecting", "disconnected"],
  connecting: ["empty", "disconnected"],
  empty: ["new-frame-available", "disconnected"],
  "new-frame-available": ["old-frame-available", "empty", "disconnected"], // empty: reuse off
  "old-frame-available": ["new-frame-available", "empty", "disconnected"],
  disconnected: [],
};
const all = Object.keys(legal) as StreamState[];

test("steps that nobody saw are filled in", () => {
  expect(pathBetween("created", "empty")).toEqual(["connecting", "empty"]);
  expect(pathBetween("empty", "old-frame-available")).toEqual(["new-frame-available", "old-frame-available"]);
  expect(pathBetween("old-frame-available", "new-frame-available")).toEqual(["new-frame-available"]);
  expect(pathBetween("connecting", "disconnected")).toEqual(["disconnected"]);
  expect(pathBetween("disconnected", "empty")).toEqual([]);
  expect(pathBetween("empty", "empty")).toEqual([]);
});

test("any sequence that the core can show becomes a legal chain", () => {
  const settled: StreamState[] = ["empty", "new-frame-available", "old-frame-available"];
  const early: StreamState[] = ["initializing", "created", "connecting"];
  const looks = fc.tuple(fc.subarray(early), fc.array(fc.constantFrom(...settled)), fc.boolean());
  fc.assert(
    fc.property(looks, ([before, during, ends]) => {
      const changes: StateChange[] = [];
      const trace = new StateTrace("initializing", (change) => changes.push(change));
      for (const state of [...before, ...during]) trace.advance(state, 3n);
      if (ends) trace.advance("disconnected", 3n, "ended");
      let state: StreamState = "initializing";
      for (const change of changes) {
        expect(change.oldState).toBe(state);
        expect(legal[state]).toContain(change.newState);
        expect(change.cause).toBe(change.newState === "disconnected" ? "ended" : "none");
        state = change.newState;
      }
      expect(state).toBe(ends ? "disconnected" : (during.at(-1) ?? before.at(-1) ?? "initializing"));
    }),
  );
  expect(all).toHaveLength(7);
});

test("a listener that throws costs neither the chain nor the caller", async () => {
  const thrown: unknown[] = [];
  const listeners = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  process.once("uncaughtException", (error) => thrown.push(error));
  try {
    const trace = new StateTrace("empty", () => {
      throw new Error("the application's own");
    });
    trace.advance("new-frame-available", 1n);
    expect(trace.state).toBe("new-frame-available");
    await new Promise((resolve) => setImmediate(resolve));
    expect(thrown).toEqual([new Error("the application's own")]);
  } finally {
    for (const listener of listeners) process.on("uncaughtException", listener);
  }
});
