import { expect, test } from "vitest";
import { CommandError } from "../../../sdk/cli/failure.ts";
import {
  oneOf,
  parseFormat,
  parseRate,
  parseSize,
  parseSocketMode,
  positiveNumber,
  seconds,
  wholeNumber,
} from "../../../sdk/cli/option-parsers.ts";

const usage = expect.objectContaining({ code: "ERR_USAGE", exitCode: 2 });

test("a size is two whole sides within the limits", () => {
  expect(parseSize("1280x720")).toEqual({ width: 1280, height: 720 });
  for (const bad of ["", "1280", "0x5", "5x0", "-1x5", "1280x720;x", "1280 x720", "20000x5", "1e3x5"]) {
    expect(() => parseSize(bad), bad).toThrow(CommandError);
  }
});

test("a rate is a number or a fraction, and stays exact", () => {
  expect(parseRate("30")).toEqual({ num: 30, den: 1 });
  expect(parseRate("29.97")).toEqual({ num: 2997, den: 100 });
  expect(parseRate("30000/1001")).toEqual({ num: 30_000, den: 1001 });
  for (const bad of ["0", "0.0", "-5", "30/0", "30,scale=1:1", "abc", "1/", "99999"]) {
    expect(() => parseRate(bad), bad).toThrow(CommandError);
  }
});

test("formats are found whatever their case; anything else names the choice", () => {
  expect(parseFormat("nv12")).toBe("NV12");
  expect(() => parseFormat("yuv420p")).toThrow(/NV12, I420/);
  expect(() => parseFormat("toString")).toThrow(CommandError);
  expect(() => parseFormat("bytes")).toThrow(CommandError);
});

test("numbers, seconds, words and permission bits refuse with exit code 2", () => {
  const count = wholeNumber("--count", 1, 10);
  expect(count("10")).toBe(10);
  for (const bad of ["0", "11", "1.5", "-1", "0x5", ""]) expect(() => count(bad), bad).toThrow(usage);
  expect(seconds("--wait")("0.5")).toBe(0.5);
  for (const bad of ["-1", "abc", "1e3", ""]) expect(() => seconds("--wait")(bad), bad).toThrow(usage);
  expect(oneOf("--mode", ["a", "b"])("b")).toBe("b");
  expect(() => oneOf("--mode", ["a", "b"])("c")).toThrow(/a, b/);
  expect(parseSocketMode("0660")).toBe(0o660);
  for (const bad of ["8", "0o660", "999", "06600"]) expect(() => parseSocketMode(bad), bad).toThrow(usage);
});

test("a factor is above 0 and has a limit", () => {
  const parse = positiveNumber("--speed", 1000);
  expect(parse("0.25")).toBe(0.25);
  expect(parse("1000")).toBe(1000);
  for (const bad of ["0", "0.0", "-1", "1001", "1e3", "", "fast", "Infinity"]) {
    expect(() => parse(bad), bad).toThrow(usage);
  }
});
