import { expect, test } from "vitest";
import { StreamError } from "../../../sdk/base/errors.ts";
import { CommandError, describeFailure, exitCodeOf, usageError } from "../../../sdk/cli/failure.ts";
import { toJson } from "../../../sdk/cli/json-output.ts";

test("an error with a code is one line; only an unexpected one shows its stack", () => {
  expect(describeFailure(new CommandError("ERR_X", "do this"))).toBe("edgestream: ERR_X: do this");
  expect(describeFailure(new StreamError("ERR_REFUSED", "16 are connected"))).toBe(
    "edgestream: ERR_REFUSED: 16 are connected",
  );
  expect(describeFailure(new Error("bug"))).toMatch(/ERR_UNEXPECTED: Error: bug\n {4}at /);
  expect(describeFailure("odd")).toBe("edgestream: ERR_UNEXPECTED: odd");
});

test("wrong options end with 2, everything else with 1", () => {
  expect(exitCodeOf(usageError("x"))).toBe(2);
  expect(exitCodeOf(new CommandError("ERR_X", "x"))).toBe(1);
  expect(exitCodeOf(new Error("x"))).toBe(1);
});

test("counters are numbers in JSON while they are exact", () => {
  expect(toJson({ a: 5n, b: -5n, c: 2n ** 60n })).toBe('{"a":5,"b":-5,"c":"1152921504606846976"}');
});
