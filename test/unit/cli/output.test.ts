import { readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { expect, test } from "vitest";
import { isReaderGone, Output, openOutput } from "../../../sdk/cli/output.ts";

test("write() resolves when the last byte is taken, not before", async () => {
  const taken: (() => void)[] = [];
  const slow = new Writable({ write: (_chunk, _encoding, done) => void taken.push(done), highWaterMark: 1 });
  const output = new Output(slow, false);
  let written = false;
  const writing = output.write("head", Buffer.alloc(10)).then(() => {
    written = true;
  });
  taken.shift()?.();
  await new Promise((resolve) => setImmediate(resolve));
  expect(written).toBe(false);
  taken.shift()?.();
  await writing;
  expect(output.bytes).toBe(14n);
});

test("a reader that goes away is told apart from a full disk", async () => {
  for (const [code, gone] of [
    ["EPIPE", true],
    ["ENOSPC", false],
  ] as const) {
    const failing = new Writable({
      write: (_chunk, _encoding, done) => done(Object.assign(new Error(code), { code })),
    });
    const output = new Output(failing, false);
    const error = await output.write("x").catch((reason: unknown) => reason);
    expect(isReaderGone(error), code).toBe(gone);
    await expect(output.write("y")).rejects.toThrow(code);
    await expect(output.end()).rejects.toThrow(code);
  }
});

test("a file is complete when end() resolves", async () => {
  const path = join(tmpdir(), `edgestream-output-${process.pid}`);
  const output = await openOutput(path, true);
  await output.write(Buffer.alloc(3_000_000, 7));
  await output.end();
  expect(readFileSync(path).length).toBe(3_000_000);
  rmSync(path);
  await expect(openOutput("/nonexistent/file", true)).rejects.toThrow("ENOENT");
});
