import { Command } from "commander";
import { expect, test } from "vitest";
import {
  declareSourceOptions,
  type SourceFlags,
  settleSource,
  streamOptions,
} from "../../../sdk/cli/source-options.ts";

function parse(...args: string[]) {
  const command = declareSourceOptions(new Command().exitOverride().configureOutput({ writeErr: () => undefined }));
  command.parse(args, { from: "user" });
  return settleSource(command.args[0] ?? "", command.opts<SourceFlags>());
}

const file = import.meta.filename;

test("a file runs as fast as it can, a loop and the pattern at their own speed, a camera at its own", () => {
  expect(parse(file, "--name", "a").paced).toBe(false);
  expect(parse(file, "--name", "a", "--realtime").paced).toBe(true);
  expect(parse(file, "--name", "a", "--loop").paced).toBe(true);
  expect(parse(file, "--name", "a", "--loop", "--no-realtime").paced).toBe(false);
  expect(parse("test:", "--name", "a").paced).toBe(true);
  expect(parse("test:", "--name", "a", "--no-realtime").paced).toBe(false);
  expect(parse("rtsp://camera/1", "--name", "a").paced).toBe(false);
});

test("options that do not go together are refused", () => {
  expect(() => parse("test:", "--name", "a", "--loop")).toThrow(/--loop needs a file/);
  expect(() => parse("rtsp://camera/1", "--name", "a", "--realtime")).toThrow(/camera/);
  expect(() => parse("test:", "--name", "a/b")).toThrow(/not a stream name/);
  expect(() => parse("test:")).toThrow(/--name/);
});

test("what consumers may ask for reaches createStream", () => {
  const settings = parse(
    ...["test:", "--name", "a", "--accept-modes", "mailbox,fifo", "--accept-max-consumers", "3"],
    ...["--accept-max-wait", "0", "--socket-mode", "0666", "--when-no-consumer", "wait"],
  );
  const frame = { format: "NV12", width: 64, height: 48 } as const;
  expect(streamOptions(settings, frame)).toEqual({
    name: "a",
    frame,
    accept: { modes: ["mailbox", "fifo"], maxConsumers: 3, maxWaitMs: 0 },
    whenNoConsumer: "wait",
    socketMode: 0o666,
  });
  expect(() => parse("test:", "--name", "a", "--accept-modes", "mailbox,foo")).toThrow(/--accept-modes/);
});

test("rates reach ffmpeg as exact fractions", () => {
  expect(parse("test:", "--name", "a", "--fps", "29.97").fps).toBe("2997/100");
});
